// ARP and neighbour discovery by the addon, built with sanitizers: packet_socket_test.mjs ADDON, in a network namespace.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { constants } from 'node:os';
import {
  ARP_REQUEST,
  addon,
  FAR,
  inThread,
  ip,
  layCable,
  NEAR,
  socketCount,
  uncaughtDuring,
  until,
  untilCollected,
} from './lab.mjs';

const { EBADF, ENETDOWN, ENODEV, EPROTOTYPE } = constants.errno;
const atStart = socketCount();
const nothing = () => undefined;
const heard = [];
const open = (device, received, failed = nothing) => new addon.PacketSocket(device, received, failed);
const hear = (device = 'near') => open(device, (frames, lengths) => heard.push({ frames, lengths }));
/** Waits until all together have heard as many frames more. */
async function hearMore(count, send) {
  heard.length = 0;
  send();
  await until(`${count} frames`, () => heard.reduce((sum, { lengths }) => sum + lengths.length, 0) >= count);
}

layCable();
const far = open('far', nothing);

console.log('what comes in is given as it came, in batches');
const near = hear();
assert.deepEqual([Buffer.from(near.address), Buffer.from(far.address)], [NEAR, FAR]);
const before = Date.now();
await hearMore(1, () => assert(far.send(ARP_REQUEST, ARP_REQUEST.length) >= before - 1));
assert.deepEqual(heard, [{ frames: ARP_REQUEST, lengths: [ARP_REQUEST.length] }]);
// More than are read at once; the socket's buffer holds some 270 such.
const MANY = 200;
await hearMore(MANY, () => far.send(Buffer.concat(Array(MANY).fill(ARP_REQUEST)), ARP_REQUEST.length));
for (const { frames, lengths } of heard) assert.equal(frames.length, lengths.length * ARP_REQUEST.length);

console.log('of a long frame the beginning is given, and what is neither ARP nor neighbour discovery is not');
const long = Buffer.concat([ARP_REQUEST, Buffer.alloc(1_400)]);
const other = Buffer.from(long);
other.writeUInt16BE(0x88b5, 12);
await hearMore(1, () => far.send(Buffer.concat([other, long]), long.length));
assert.deepEqual(heard, [{ frames: long.subarray(0, 192), lengths: [192] }]);

console.log('frames that are not whole, too short or too long, or no buffer, are refused');
for (const size of [0, 13, ARP_REQUEST.length - 1, 0xffff_ffff])
  assert.throws(() => far.send(ARP_REQUEST, size), RangeError);
assert.throws(() => far.send(Buffer.alloc(4_000), 4_000), { syscall: 'sendmmsg' });
assert.throws(() => far.send('frames', 42), TypeError);
assert.throws(() => far.send(ARP_REQUEST), TypeError);
far.send(Buffer.alloc(0), 42);

console.log('it may be closed in what it calls, with more to come, and then sends nothing');
let calls = 0;
const closing = open('near', () => {
  calls++;
  closing.close();
  closing.close();
  globalThis.gc();
});
await hearMore(MANY, () => far.send(Buffer.concat(Array(MANY).fill(ARP_REQUEST)), ARP_REQUEST.length));
await until('it to hear', () => calls > 0);
await hearMore(1, () => far.send(ARP_REQUEST, ARP_REQUEST.length));
assert.equal(calls, 1);
assert.throws(() => closing.send(ARP_REQUEST, ARP_REQUEST.length), { errno: EBADF });

console.log('what it calls throws: that is an uncaught exception, and it goes on to hear');
const thrower = open('near', () => {
  throw new Error('of received');
});
const uncaught = await uncaughtDuring(async (seen) => {
  for (const times of [1, 2]) {
    far.send(ARP_REQUEST, ARP_REQUEST.length);
    await until(`exception ${times}`, () => seen.length >= times);
  }
});
assert.equal(uncaught[0].message, 'of received');
thrower.close();

console.log('one that nobody refers to goes on, and one that is closed is collected');
near.close();
const lone = { calls: 0 };
(() => open('near', () => lone.calls++).unref())();
globalThis.gc();
far.send(ARP_REQUEST, ARP_REQUEST.length);
await until('it to hear', () => lone.calls > 0);
const closed = (() => {
  const socket = hear();
  socket.close();
  return new WeakRef(socket);
})();
await untilCollected('the closed one to go', () => closed.deref() === undefined);

console.log('a thread that ends takes its socket with it, with frames waiting');
for (let round = 0; round < 10; round++) {
  const thread = await inThread((own, ready) => {
    globalThis.socket = new own.PacketSocket(
      'near',
      () => undefined,
      () => undefined,
    );
    ready();
  });
  far.send(Buffer.concat(Array(MANY).fill(ARP_REQUEST)), ARP_REQUEST.length);
  await thread.terminate();
}

console.log('what it calls may end its thread, with more to come, and may be ended in the middle');
for (const [what, status] of [
  ['exit', 7],
  ['throw', 1],
]) {
  const sent = new Int32Array(new SharedArrayBuffer(4));
  const leaving = await inThread((own, ready, { parentPort }) => {
    const ends = {
      exit: () => process.exit(7),
      throw: () => {
        throw new Error('that nobody catches');
      },
    };
    parentPort.once('message', ({ what, sent }) => {
      globalThis.socket = new own.PacketSocket('near', ends[what], () => undefined);
      parentPort.postMessage('opened');
      // All frames are to wait for the first look.
      Atomics.wait(sent, 0, 0);
    });
    ready();
  });
  leaving.on('error', ({ message }) => assert.equal(message, 'that nobody catches'));
  const opened = once(leaving, 'message');
  const left = new Promise((resolve) => leaving.once('exit', resolve));
  leaving.postMessage({ what, sent });
  await opened;
  far.send(Buffer.concat(Array(MANY).fill(ARP_REQUEST)), ARP_REQUEST.length);
  Atomics.store(sent, 0, 1);
  Atomics.notify(sent, 0);
  assert.equal(await left, status);
}
const busy = await inThread((own, ready) => {
  globalThis.socket = new own.PacketSocket(
    'near',
    () => {
      ready();
      for (;;);
    },
    () => undefined,
  );
  ready();
});
const called = once(busy, 'message');
far.send(Buffer.concat(Array(MANY).fill(ARP_REQUEST)), ARP_REQUEST.length);
await called;
assert.equal(await busy.terminate(), 1);

console.log('an interface that goes down, or away, is told once, and it may be closed then');
for (const end of ['set far down', 'del far']) {
  ip('link set far up');
  const told = [];
  const open_ = open('near', nothing, (errno) => told.push(errno));
  const closes = open('near', nothing, (errno) => {
    closes.close();
    told.push(errno);
    globalThis.gc();
  });
  ip('link set near down', `link ${end}`);
  await until('both to be told', () => told.length >= 2);
  assert.deepEqual(told, [ENETDOWN, ENETDOWN]);
  open_.close();
  if (end === 'set far down') {
    assert.throws(() => open('near', nothing), { errno: ENETDOWN });
    assert.throws(() => far.send(ARP_REQUEST, ARP_REQUEST.length), { errno: ENETDOWN });
    ip('link set near up');
  }
}
far.close();

console.log('an interface that is none, or not of Ethernet, is refused, and leaves no socket behind');
for (const name of ['near', '', 'a name longer than any interface has'])
  assert.throws(() => open(name, nothing), { errno: ENODEV });
assert.throws(() => open('lo', nothing), { errno: EPROTOTYPE });
assert.throws(() => new addon.PacketSocket('near', nothing), TypeError);
assert.throws(() => new addon.PacketSocket(7, nothing, nothing), TypeError);
// The one that nobody refers to heard that the interface went down, and was never closed.
await until('the others to be closed', () => socketCount() === atStart + 1);
