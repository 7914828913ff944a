import test from 'ava';
import { linkLocalOf, parseMac, readMac } from '../../src/net/mac.js';

test('the link-local address of a MAC is its modified EUI-64', (t) => {
  t.is<string, string>(linkLocalOf(parseMac('0A:58:0a:01:02:03')), 'fe80::858:aff:fe01:203');
  for (const bad of ['', '0a:58:0a:01:02', '0a-58-0a-01-02-03', '0a:58:0a:01:02:0g']) {
    t.throws(() => parseMac(bad), { code: 'ERR_NOT_A_MAC' }, bad);
  }
});

test('a MAC at an offset is one of a host, and within the bytes', (t) => {
  const bytes = Buffer.from('ff0a580a010203', 'hex');
  t.is<string | undefined, string>(readMac(bytes, 1), '0a:58:0a:01:02:03');
  t.is(readMac(bytes, 0), undefined, 'a group address');
  t.is(readMac(bytes, 2), undefined, 'the bytes end before it');
});
