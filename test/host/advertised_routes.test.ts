import test from 'ava';
import { Advertised, advertisedText, temporaryOf } from '../../src/host/advertised_routes.js';
import { acceptsAdvertisements } from '../../src/host/advertisements.js';
import type { Route } from '../../src/host/snapshot.js';

/** What Linux 6.18 printed for eth0 with a router that advertises, and a device of another router. */
const TABLE = `20010db8000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 004c0001     eth0
20010db8000900000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0
fe800000000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0
00000000000000000000000000000000 00 00000000000000000000000000000000 00 fe80000000000000341342fffe08b06b 00000400 00000001 00000000 00450003     eth0
00000000000000000000000000000000 00 00000000000000000000000000000000 00 fe800000000000000000000000000009 00000400 00000001 00000000 18450003     eth1
20010db800000000c88505fffe278e48 80 00000000000000000000000000000000 00 00000000000000000000000000000000 00000000 00000002 00000000 80200001     eth0
00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo
`;
const DEFAULT: Route = {
  ...{ family: 6, dst: 'default', gateway: 'fe80::3413:42ff:fe08:b06b', dev: 'eth0', table: '254' },
  ...{ protocol: '9', metric: 1024, expires: 20, pref: 'medium', type: '1' },
};
const PREFIX: Route = {
  ...{ family: 6, dst: '2001:db8::/64', dev: 'eth0', table: '254', protocol: '2', metric: 256, type: '1' },
  expires: 20,
};

test('a default route and a prefix by a router are told by the flags that the kernel has for them', (t) => {
  const eth0 = new Advertised('eth0', TABLE, false);
  const route = eth0.of(DEFAULT);
  t.like(route, { gateway: 'fe80::3413:42ff:fe08:b06b', metric: 1024, flags: 0x45_0003, seconds: 20 });
  t.is(
    route && advertisedText(route, 'breth0'),
    'default via fe80::3413:42ff:fe08:b06b dev breth0 metric 1024',
  );
  t.like(eth0.of(PREFIX), { gateway: undefined, metric: 256, flags: 0x4c_0001, seconds: 20 });
  // A kernel to which the route was given says that it was made at boot.
  t.not(eth0.of({ ...DEFAULT, protocol: '3' }), undefined);
});

test('a route of an operator, of an address, of another table or device is not advertised', (t) => {
  const eth0 = new Advertised('eth0', TABLE, true);
  for (const route of [
    { ...PREFIX, dst: '2001:db8:9::/64' },
    { ...DEFAULT, metric: 1, protocol: '3' },
    { ...DEFAULT, gateway: 'fe80::1', protocol: '3' },
    { ...DEFAULT, table: '77' },
    { ...DEFAULT, dev: 'eth1' },
    { family: 4, dst: 'default', gateway: '203.0.113.1', dev: 'eth0' },
  ] as const)
    t.is(eth0.of(route), undefined, JSON.stringify(route));
});

test('a copy of a default route is taken as advertised only where the kernel accepts advertisements', (t) => {
  const copy = { ...DEFAULT, gateway: 'fe80::1', pref: 'low' };
  t.is(new Advertised('eth0', TABLE, false).of(copy), undefined);
  t.like(new Advertised('eth0', TABLE, true).of(copy), { flags: 0x1845_0003, seconds: 20 });
  // A network manager's own has no end, or is its own to renew.
  t.is(new Advertised('eth0', TABLE, true).of({ ...copy, expires: 0 }), undefined);
});

test('the route of an address that expires is temporary', (t) => {
  t.like(temporaryOf(PREFIX), { metric: 256, flags: 1 });
  t.is(temporaryOf({ ...PREFIX, expires: 0 }), undefined);
  t.is(temporaryOf(DEFAULT), undefined);
});

for (const [accept, forwarding, disabled, accepts] of [
  ['0', '0', '0', false],
  ['1', '0', '0', true],
  ['1', '1', '0', false],
  ['2', '1', '0', true],
  ['1', '0', '1', false],
] as const)
  test(`accept_ra ${accept}, forwarding ${forwarding}, disable_ipv6 ${disabled}: ${accepts ? '' : 'not '}accepted`, (t) => {
    const values = new Map([
      ['net/ipv6/conf/eth0/accept_ra', accept],
      ['net/ipv6/conf/eth0/forwarding', forwarding],
      ['net/ipv6/conf/eth0/disable_ipv6', disabled],
    ]);
    t.is(
      acceptsAdvertisements('eth0', (name) => values.get(name)),
      accepts,
    );
  });
