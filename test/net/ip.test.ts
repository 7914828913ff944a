import test from 'ava';
import fc from 'fast-check';
import {
  familyOf,
  type Ipv4Address,
  ipBytes,
  ipOfBytes,
  ipv4Number,
  ipv4OfNumber,
  parseIp,
} from '../../src/net/ip.js';

test('an address is what net.isIP accepts: no octal numbers, no short forms, no zones', (t) => {
  for (const bad of ['010.0.0.1', '1.2', '256.1.1.1', 'fe80::1%eth0', '', 'localhost', '1.2.3.4/24']) {
    t.throws(() => parseIp(bad), { code: 'ERR_NOT_AN_ADDRESS' }, bad);
  }
});

test('IPv6 is written in the form of RFC 5952', (t) => {
  t.is<string, string>(parseIp('2001:DB8:0:0:0:0:0:1'), '2001:db8::1');
  t.is<string, string>(parseIp('::ffff:1.2.3.4'), '::ffff:1.2.3.4');
  t.is<string, string>(parseIp('::ffff:102:304'), '::ffff:1.2.3.4');
});

test('an address survives conversion to octets and back', (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
        const ip = parseIp(text);
        return ipOfBytes(ipBytes(ip)) === ip && ipBytes(ip).length === (familyOf(ip) === 4 ? 4 : 16);
      }),
    ),
  );
});

test('an IPv4 address survives conversion to a number and back', (t) => {
  t.is(ipv4Number(parseIp('203.0.113.10') as Ipv4Address), 0xcb00710a);
  fc.assert(
    fc.property(fc.ipV4(), (text) => {
      t.is<string, string>(ipv4OfNumber(ipv4Number(parseIp(text) as Ipv4Address)), text);
    }),
  );
});
