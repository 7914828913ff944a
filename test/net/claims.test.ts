import test from 'ava';
import fc from 'fast-check';
import { type Cidr, contains, parseCidr } from '../../src/net/cidr.js';
import { Claims, cidrOrUndefined, claimOf, claimOfText, networkClaims } from '../../src/net/claims.js';
import { ipOfBytes, parseIp } from '../../src/net/ip.js';

test('the smallest network that contains an address says what it is', (t) => {
  const claims = new Claims([
    { network: parseCidr('10.244.0.0/16'), what: 'the cluster' },
    { network: parseCidr('10.244.2.1/24'), what: 'node gw1' },
    claimOf(parseIp('10.244.2.9'), 'a pod'),
    claimOf(parseIp('10.244.2.9'), 'a later claim'),
    { network: parseCidr('fd00::/8'), what: 'v6' },
  ]);
  const of = (text: string) => claims.whatIs(parseIp(text));
  t.is(of('10.244.2.9'), 'a pod');
  t.is(of('10.244.2.10'), 'node gw1');
  t.is(of('10.244.3.1'), 'the cluster');
  t.is(of('10.245.0.1'), undefined);
  t.is(of('fd12::1'), 'v6');
  t.is(of('fe80::1'), undefined);
});

test('an address is claimed exactly if a claimed network contains it', (t) => {
  const octets = (length: number) =>
    fc.array(fc.integer({ min: 0, max: 3 }), { minLength: length, maxLength: length });
  const ip = fc.oneof(octets(4), octets(16)).map(ipOfBytes);
  const network = fc
    .tuple(ip, fc.integer({ min: 0, max: 32 }))
    .map(([address, prefix]): Cidr => ({ address, prefix, family: address.includes(':') ? 6 : 4 }));
  fc.assert(
    fc.property(fc.array(network), ip, (networks, address) => {
      const claims = new Claims(networks.map((one) => ({ network: one, what: 'taken' })));
      t.is(
        claims.whatIs(address) !== undefined,
        networks.some((one) => contains(one, address)),
      );
    }),
  );
});

test('a network claims its own address, and in IPv4 its broadcast address', (t) => {
  const of = (text: string) => networkClaims(parseCidr(text)).map(({ network }) => String(network.address));
  t.deepEqual(of('203.0.113.11/24'), ['203.0.113.0', '203.0.113.255']);
  t.deepEqual(of('2001:db8::11/64'), ['2001:db8::']);
  t.deepEqual(of('203.0.113.11/31'), []);
  t.deepEqual(of('203.0.113.11/32'), []);
});

test('a text that is no address or network claims nothing', (t) => {
  for (const text of ['', 'node.example', '10.0.0.300', '10.0.0.0/99', 'fe80::1%eth0']) {
    t.deepEqual(claimOfText(text, 'x'), []);
    t.is(cidrOrUndefined(text), undefined);
  }
  t.is(cidrOrUndefined('10.0.0.1')?.prefix, 32);
});
