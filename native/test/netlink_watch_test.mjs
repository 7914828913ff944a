// Tests the netlink watch of the addon, built with sanitizers: netlink_watch_test.mjs ADDON, in a network namespace.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  addon,
  inThread,
  ip,
  nftables,
  socketCount,
  turns,
  uncaughtDuring,
  until,
  untilCollected,
} from './lab.mjs';

const LINKS = 0x1;
const ADDRESSES = 0x10;
const atStart = socketCount();

console.log('each watch is notified of changes until it is closed');
const counted = { first: 0, second: 0 };
const first = new addon.NetlinkWatch(LINKS, () => counted.first++);
const second = new addon.NetlinkWatch(LINKS, () => counted.second++);
ip('link add d0 type veth peer name d1');
await until('both notifications', () => counted.first > 0 && counted.second > 0);
first.close();
first.close();
const earlier = { ...counted };
ip('link set d0 up');
await until('the notification of the other watch', () => counted.second > earlier.second);
assert.equal(counted.first, earlier.first);
second.close();

console.log('a callback may close its own watch, and another watch that has a notification pending');
let calls = 0;
const pair = [1, 2].map(
  () =>
    new addon.NetlinkWatch(LINKS, () => {
      calls++;
      for (const one of pair) one.close();
      globalThis.gc();
    }),
);
ip('link set d0 mtu 1400');
await until('one notification', () => calls > 0);

console.log('an exception in a callback is an uncaught exception, and the watch goes on');
let throwing = 0;
const thrower = new addon.NetlinkWatch(LINKS, () => {
  throwing++;
  throw new Error(`change ${throwing}`);
});
const uncaught = await uncaughtDuring(async (seen) => {
  ip('link set d0 mtu 1402');
  await until('an exception', () => seen.length >= 1);
  ip('link set d0 mtu 1403');
  await until('a second exception', () => seen.length >= 2);
});
assert.equal(uncaught[0].message, 'change 1');
thrower.close();
// By now the two closed watches would have been notified as well.
assert.equal(calls, 1);

console.log('messages that the kernel lost count as a change, and later messages arrive');
let flooded = 0;
const flood = new addon.NetlinkWatch(ADDRESSES, () => flooded++);
// The event loop does not run while this waits for ip, and the socket's buffer is too small for all messages.
ip(...Array.from({ length: 4_000 }, (_, i) => `addr add 10.${i >> 8}.${i & 255}.1/32 dev d0`));
await until('a notification of the flood', () => flooded > 0);
const afterFlood = flooded;
ip('addr add 192.0.2.1/32 dev d0');
await until('a notification after the flood', () => flooded > afterFlood);
flood.close();

console.log('a watch of nftables is notified of tables, chains, rules and sets, and not of elements');
const NFTABLES = 1 << 6;
const NETLINK_NETFILTER = 12;
let rules = 0;
const nft = new addon.NetlinkWatch(NFTABLES, () => rules++, NETLINK_NETFILTER);
for (const command of [
  'add table ip t',
  'add chain ip t c',
  'add rule ip t c accept',
  'add set ip t s { type ipv4_addr; }',
  'flush chain ip t c',
]) {
  const before = rules;
  nftables(command);
  await until(command, () => rules > before);
}
const beforeElements = rules;
nftables('add element ip t s { 192.0.2.1 }', 'delete element ip t s { 192.0.2.1 }');
nftables(...Array.from({ length: 300 }, (_, i) => `add element ip t s { 192.0.${i >> 8}.${i & 255} }`));
await turns();
assert.equal(rules, beforeElements);
nftables('flush ruleset');
await until('the notification of the flush', () => rules > beforeElements);
nft.close();

console.log('a watch without references goes on, and a closed one is collected');
let unreferred = 0;
(() => new addon.NetlinkWatch(LINKS, () => unreferred++).unref())();
globalThis.gc();
ip('link set d0 mtu 1404');
await until('its notification', () => unreferred > 0);
const closed = (() => {
  const watch = new addon.NetlinkWatch(LINKS, () => undefined);
  watch.close();
  return new WeakRef(watch);
})();
await untilCollected('the closed watch to be collected', () => closed.deref() === undefined);

console.log('a watch ends with its worker thread, with messages pending');
const thread = await inThread((own, ready) => {
  globalThis.watch = new own.NetlinkWatch(1, () => undefined);
  ready();
});
ip('link set d0 mtu 1405', 'link set d0 mtu 1406');
await thread.terminate();

console.log('a callback may end its thread, and may be terminated while it runs');
const leaving = await inThread((own, ready) => {
  globalThis.watch = new own.NetlinkWatch(1, () => process.exit(7));
  ready();
});
const left = once(leaving, 'exit');
ip('link set d0 mtu 1407');
assert.deepEqual(await left, [7]);
const busy = await inThread((own, ready) => {
  globalThis.watch = new own.NetlinkWatch(1, () => {
    ready();
    for (;;);
  });
  ready();
});
const called = once(busy, 'message');
ip('link set d0 mtu 1408');
await called;
assert.equal(await busy.terminate(), 1);
ip('link del d0');

console.log('invalid arguments are refused, and leave no socket open');
assert.throws(() => new addon.NetlinkWatch('link', () => undefined), TypeError);
assert.throws(() => new addon.NetlinkWatch(LINKS, 'changed'), TypeError);
assert.throws(() => new addon.NetlinkWatch(LINKS, () => undefined, 'route'), TypeError);
// One socket is left: that of the watch without references.
await until('all other sockets to be closed', () => socketCount() === atStart + 1);
