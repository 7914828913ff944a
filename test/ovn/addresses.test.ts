import test from 'ava';
import { formatCidr, parseCidr } from '../../src/net/cidr.js';
import { type Ipv6Address, parseIp } from '../../src/net/ip.js';
import { parseMac } from '../../src/net/mac.js';
import {
  eui64Address,
  joinAddresses,
  macFor,
  macOfEui64,
  managementAddresses,
  routerAddresses,
} from '../../src/ovn/addresses.js';

const SUBNETS = ['10.244.2.0/24', 'fd00:10:244:2::/64'].map(parseCidr);

test('the router has the first address of each subnet, the management port the second', (t) => {
  t.deepEqual(routerAddresses(SUBNETS).map(formatCidr), ['10.244.2.1/24', 'fd00:10:244:2::1/64']);
  t.deepEqual(managementAddresses(SUBNETS).map(formatCidr), ['10.244.2.2/24', 'fd00:10:244:2::2/64']);
});

test('addresses on join have one number in both families', (t) => {
  t.deepEqual(joinAddresses(1).map(formatCidr), ['100.64.1.1/24', 'fd98:64::1/64']);
  t.deepEqual(joinAddresses(254).map(formatCidr), ['100.64.1.254/24', 'fd98:64::fe/64']);
});

test('an address always gives the same MAC, and another address another one', (t) => {
  t.is(String(macFor(parseIp('10.244.2.2'))), '0a:58:0a:f4:02:02');
  const [one, other] = [macFor(parseIp('fd00::1')), macFor(parseIp('fd00::2'))];
  t.regex(String(one), /^0a:58:/);
  t.is(macFor(parseIp('fd00::1')), one);
  t.not(one, other);
});

test('the IPv6 address of a port is the one that OVN would give to its MAC, and shows the MAC', (t) => {
  const mac = parseMac('2a:e8:10:f4:02:03');
  const address = eui64Address(parseCidr('fd00:10:244:2::/64'), mac);
  t.is<string, string>(address, 'fd00:10:244:2:28e8:10ff:fef4:203');
  t.is(macOfEui64(address), mac);
  t.is(macOfEui64(parseIp('fd00::1') as Ipv6Address), undefined);
});
