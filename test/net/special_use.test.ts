import test from 'ava';
import fc from 'fast-check';
import { type IpAddress, ipOfBytes, isUnicast, parseIp } from '../../src/net/ip.js';
import { specialUse } from '../../src/net/special_use.js';

for (const text of [
  ...['0.0.0.0', '0.1.2.3', '127.0.0.1', '127.255.255.255', '169.254.0.0', '169.254.169.254', '192.0.0.8'],
  ...['224.0.0.1', '239.255.255.255', '240.0.0.1', '255.255.255.254', '255.255.255.255'],
  ...['::', '::1', '::2', '::ffff:203.0.113.80', '::203.0.113.80', '64:ff9b::cb00:7150', '100::1'],
  ...['2001::1', '2001:20::1', 'fe80::1', 'febf::1', 'fec0::1', 'ff02::1', 'ff0e::1', '4000::1', 'fe00::1'],
])
  test(`${text} is no host's address`, (t) => {
    t.is(typeof specialUse(parseIp(text)), 'string');
  });

for (const text of [
  ...['1.0.0.0', '10.0.0.1', '126.255.255.255', '128.0.0.1', '172.16.0.1', '192.168.1.1', '203.0.113.80'],
  ...['100.64.0.1', '169.253.0.1', '169.255.0.1', '223.255.255.255', '192.0.1.1'],
  ...['2001:db8::80', '2001:200::1', '2a00::1', 'fc00::1', 'fd98:64::1', '3fff::1'],
])
  test(`${text} is an ordinary address`, (t) => {
    t.is(specialUse(parseIp(text)), undefined);
  });

test('every address is judged, and none that ordinary programs refuse is ordinary', (t) => {
  const octets = (length: number) =>
    fc.array(fc.integer({ min: 0, max: 255 }), { minLength: length, maxLength: length });
  fc.assert(
    fc.property(fc.oneof(octets(4), octets(16)), (bytes) => {
      const ip: IpAddress = ipOfBytes(bytes);
      if (!isUnicast(ip)) t.is(typeof specialUse(ip), 'string', ip);
      // The first octets 1 to 223 without 127, 169.254 and 192.0.0 are unicast.
      const [a = 0, b, c] = bytes;
      if (bytes.length === 4) {
        const isOrdinary =
          a >= 1 && a <= 223 && a !== 127 && !(a === 169 && b === 254) && !(a === 192 && b === 0 && c === 0);
        t.is(specialUse(ip) === undefined, isOrdinary, ip);
      } else if (specialUse(ip) === undefined) {
        t.true(a >> 5 === 1 || (a & 0xfe) === 0xfc, ip);
      }
    }),
  );
});
