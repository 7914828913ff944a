import test from 'ava';
import fc from 'fast-check';
import {
  contains,
  formatCidr,
  isHost,
  networkOf,
  nthAddress,
  overlaps,
  parseCidr,
  subtract,
  withHostBits,
} from '../../src/net/cidr.js';
import { familyOf, ipOfBytes, parseIp } from '../../src/net/ip.js';

test('the address of an interface keeps its host bits, and its network has none', (t) => {
  const cidr = parseCidr('10.1.2.3/24');
  t.is<string, string>(formatCidr(cidr), '10.1.2.3/24');
  t.is<string, string>(formatCidr(networkOf(cidr)), '10.1.2.0/24');
  t.is<string, string>(nthAddress(parseCidr('fd98:64::/64'), 2), 'fd98:64::2');
  t.throws(() => nthAddress(parseCidr('10.0.0.0/30'), 4), { code: 'ERR_BAD_PREFIX' });
});

test('an address without a prefix length, or with an invalid one, is refused', (t) => {
  t.throws(() => parseCidr('10.1.2.3'), { code: 'ERR_NO_MASK', message: /give it as 10.1.2.3\/24/ });
  for (const bad of ['10.1.2.3/33', '::/129', '10.1.2.3/', '10.1.2.3/a', '10.1.2.3/8/9']) {
    t.throws(() => parseCidr(bad), { code: 'ERR_BAD_PREFIX' }, bad);
  }
});

test("a host's address is neither the network's own nor, in IPv4, its broadcast address", (t) => {
  for (const host of ['10.1.2.3/24', '10.0.0.255/8', '2001:db8::1/64', '2001:db8::ffff:ffff:ffff:ffff/64'])
    t.true(isHost(parseCidr(host)), host);
  for (const none of ['10.1.2.0/24', '10.1.2.255/24', '2001:db8::/64'])
    t.false(isHost(parseCidr(none)), none);
  for (const small of ['10.1.2.2/31', '10.1.2.3/31', '10.1.2.3/32', '2001:db8::/127', '2001:db8::/128'])
    t.true(isHost(parseCidr(small)), small);
});

test('a network without another is the rest in as few networks as possible', (t) => {
  const without = (text: string, ...holes: string[]) =>
    subtract(parseCidr(text), holes.map(parseCidr)).map(formatCidr);
  t.deepEqual(without('10.244.0.0/22', '10.244.2.1/24'), ['10.244.0.0/23', '10.244.3.0/24']);
  t.deepEqual(without('10.244.0.0/30', '10.244.0.0/32', '10.244.0.3/32'), ['10.244.0.1/32', '10.244.0.2/32']);
  t.deepEqual(without('fd00::/48', 'fd00:0:0:ffff::/50'), ['fd00::/49', 'fd00:0:0:8000::/50']);
  t.deepEqual(without('10.244.0.0/16', '10.0.0.0/8'), []);
  t.deepEqual(without('10.244.7.0/16', '10.245.0.0/16', 'fd00::/8'), ['10.244.0.0/16']);
});

test('networks overlap if one contains the other', (t) => {
  t.true(overlaps(parseCidr('10.0.0.0/8'), parseCidr('10.9.0.0/16')));
  t.true(overlaps(parseCidr('10.9.0.0/16'), parseCidr('10.0.0.0/8')));
  t.false(overlaps(parseCidr('10.1.0.0/16'), parseCidr('10.2.0.0/16')));
  t.false(overlaps(parseCidr('0.0.0.0/0'), parseCidr('::/0')));
  t.true(contains(parseCidr('::/0'), parseIp('2001:db8::1')));
  t.false(contains(parseCidr('::/0'), parseIp('10.0.0.1')));
});

test('a network has an address if the address with the same prefix has the same network', (t) => {
  const octets = (n: number) =>
    fc.array(fc.constantFrom(0, 1, 127, 128, 255), { minLength: n, maxLength: n });
  const ip = fc.oneof(octets(4), octets(16)).map(ipOfBytes);
  fc.assert(
    fc.property(ip, ip, fc.nat(128), (one, two, bits) => {
      const family = familyOf(one);
      const prefix = Math.min(bits, family === 4 ? 32 : 128);
      const [a, b] = [
        { address: one, prefix, family },
        { address: two, prefix, family: familyOf(two) },
      ];
      if (a.family === b.family) {
        t.is(contains(a, two), formatCidr(networkOf(a)) === formatCidr(networkOf(b)));
        t.true(contains(a, withHostBits(a, two)));
      } else t.false(contains(a, two));
    }),
  );
});

test('the host bits of one address go into the network of another', (t) => {
  t.is<string, string>(withHostBits(parseCidr('10.1.2.0/24'), parseIp('192.0.2.77')), '10.1.2.77');
  t.is<string, string>(
    withHostBits(parseCidr('2001:db8::/64'), parseIp('fe80::1:2:3:4')),
    '2001:db8::1:2:3:4',
  );
});
