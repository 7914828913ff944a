// Tests the addon's IPv6 routes, built with sanitizers: ipv6_route_test.mjs ADDON, in a network namespace.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { addon, layCable, socketCount } from './lab.mjs';

const { ENODEV, ESRCH } = constants.errno;
const atStart = socketCount();

/** RTF_UP, RTF_GATEWAY, RTF_DEFAULT, RTF_ADDRCONF and RTF_EXPIRES of linux/ipv6_route.h. */
const FLAGS = 0x45_0003;
const GATEWAY = Buffer.from('fe800000000000000000000000000001', 'hex');
const ANY = new Uint8Array(16);
const change = (adds, { device = 'near', flags = FLAGS, args = [] } = {}) =>
  addon.changeIpv6Route(adds, device, ANY, 0, new Uint8Array(GATEWAY), 1024, flags, 60, ...args);
const present = () =>
  readFileSync('/proc/net/ipv6_route', 'utf8')
    .split('\n')
    .some((line) => line.includes(GATEWAY.toString('hex')) && / 00450003 +near$/.test(line));

layCable();

console.log('a route has all flags that it is given, and is deleted');
change(true);
assert.ok(present());
change(false, { flags: 0x3 });
assert.ok(!present());

console.log('what the kernel refuses is an error with its number');
assert.throws(() => change(false), { errno: ESRCH, syscall: 'ioctl' });
assert.throws(() => change(true, { device: 'nowhere' }), { errno: ENODEV });

console.log('anything but a route is a TypeError');
const good = [true, 'near', ANY, 0, ANY, 1024, FLAGS, 60];
for (const [index, wrong] of [
  [0, 1],
  [1, 7],
  [2, new Uint8Array(15)],
  [2, null],
  [3, '64'],
  [4, new Uint16Array(16)],
  [5, {}],
  [6, 1n],
  [7, undefined],
])
  assert.throws(() => addon.changeIpv6Route(...good.with(index, wrong)), TypeError, `${index}`);
assert.throws(() => addon.changeIpv6Route(...good.slice(1)), TypeError);
assert.throws(() => addon.changeIpv6Route(...good, 1), TypeError);
assert.equal(socketCount(), atStart);
