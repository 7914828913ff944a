// News of links and addresses by the addon, built with sanitizers: netlink_watch_test.mjs ADDON, in a network namespace.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { addon, inThread, ip, socketCount, uncaughtDuring, until, untilCollected } from './lab.mjs';

const LINKS = 0x1;
const ADDRESSES = 0x10;
const atStart = socketCount();

console.log('changes are news to each watch, and none once it is closed');
const counted = { first: 0, second: 0 };
const first = new addon.NetlinkWatch(LINKS, () => counted.first++);
const second = new addon.NetlinkWatch(LINKS, () => counted.second++);
ip('link add d0 type veth peer name d1');
await until('both to hear', () => counted.first > 0 && counted.second > 0);
first.close();
first.close();
const heard = { ...counted };
ip('link set d0 up');
await until('the other to hear', () => counted.second > heard.second);
assert.equal(counted.first, heard.first);
second.close();

console.log('a watch may close itself, and another that has heard too, in what it calls');
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
await until('one of them to hear', () => calls > 0);

console.log('what it calls throws: that is an uncaught exception, and the next news come all the same');
let throwing = 0;
const thrower = new addon.NetlinkWatch(LINKS, () => {
  throwing++;
  throw new Error(`news ${throwing}`);
});
const uncaught = await uncaughtDuring(async (seen) => {
  ip('link set d0 mtu 1402');
  await until('an exception', () => seen.length >= 1);
  ip('link set d0 mtu 1403');
  await until('another one', () => seen.length >= 2);
});
assert.equal(uncaught[0].message, 'news 1');
thrower.close();
// By now those two would have heard as well.
assert.equal(calls, 1);

console.log('news that the kernel lost are news, and so are those after');
let flooded = 0;
const flood = new addon.NetlinkWatch(ADDRESSES, () => flooded++);
// Nothing is read while this waits for ip, and the socket's buffer is too small for all of it.
ip(...Array.from({ length: 4_000 }, (_, i) => `addr add 10.${i >> 8}.${i & 255}.1/32 dev d0`));
await until('news of the flood', () => flooded > 0);
const afterFlood = flooded;
ip('addr add 192.0.2.1/32 dev d0');
await until('news after it', () => flooded > afterFlood);
flood.close();

console.log('a watch that nobody refers to goes on, and one that is closed is collected');
let unreferred = 0;
(() => new addon.NetlinkWatch(LINKS, () => unreferred++).unref())();
globalThis.gc();
ip('link set d0 mtu 1404');
await until('it to hear', () => unreferred > 0);
const closed = (() => {
  const watch = new addon.NetlinkWatch(LINKS, () => undefined);
  watch.close();
  return new WeakRef(watch);
})();
await untilCollected('the closed watch to go', () => closed.deref() === undefined);

console.log('a watch ends with the thread that it belongs to, with news waiting');
const thread = await inThread((own, ready) => {
  globalThis.watch = new own.NetlinkWatch(1, () => undefined);
  ready();
});
ip('link set d0 mtu 1405', 'link set d0 mtu 1406');
await thread.terminate();

console.log('what it calls may end its thread, and may be ended in the middle');
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

console.log('what makes no sense is refused, and leaves no socket behind');
assert.throws(() => new addon.NetlinkWatch('link', () => undefined), TypeError);
assert.throws(() => new addon.NetlinkWatch(LINKS, 'changed'), TypeError);
// One is left: the watch that nobody refers to.
await until('the others to be closed', () => socketCount() === atStart + 1);
