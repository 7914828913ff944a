// Tests the packet socket of the addon, built with sanitizers: packet_socket_test.mjs ADDON, in a network namespace.
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
const batches = [];
const open = (device, received, failed = nothing) => new addon.PacketSocket(device, received, failed);
const listen = (device = 'near') => open(device, (frames, lengths) => batches.push({ frames, lengths }));
/** Calls `send`, then waits until `count` frames have been received. */
async function receive(count, send) {
  batches.length = 0;
  send();
  await until(
    `${count} frames`,
    () => batches.reduce((sum, { lengths }) => sum + lengths.length, 0) >= count,
  );
}

layCable();
const far = open('far', nothing);

console.log('frames are received unchanged, in batches');
const near = listen();
assert.deepEqual([Buffer.from(near.address), Buffer.from(far.address)], [NEAR, FAR]);
const before = Date.now();
await receive(1, () => assert(far.send(ARP_REQUEST, ARP_REQUEST.length) >= before - 1));
assert.deepEqual(batches, [{ frames: ARP_REQUEST, lengths: [ARP_REQUEST.length] }]);
// More frames than one system call reads; the socket's buffer holds some 270 of them.
const MANY = 200;
await receive(MANY, () => far.send(Buffer.concat(Array(MANY).fill(ARP_REQUEST)), ARP_REQUEST.length));
for (const { frames, lengths } of batches) assert.equal(frames.length, lengths.length * ARP_REQUEST.length);

console.log('the first 192 bytes of a long frame are received; other protocols are not');
const long = Buffer.concat([ARP_REQUEST, Buffer.alloc(1_400)]);
const other = Buffer.from(long);
other.writeUInt16BE(0x88b5, 12);
await receive(1, () => far.send(Buffer.concat([other, long]), long.length));
assert.deepEqual(batches, [{ frames: long.subarray(0, 192), lengths: [192] }]);

console.log('frames that are partial, too short, too long or not in a buffer are refused');
for (const size of [0, 13, ARP_REQUEST.length - 1, 0xffff_ffff])
  assert.throws(() => far.send(ARP_REQUEST, size), RangeError);
assert.throws(() => far.send(Buffer.alloc(4_000), 4_000), { syscall: 'sendmmsg' });
assert.throws(() => far.send('frames', 42), TypeError);
assert.throws(() => far.send(ARP_REQUEST), TypeError);
far.send(Buffer.alloc(0), 42);

console.log('a callback may close its socket with more frames pending, and the socket then sends nothing');
let calls = 0;
const closing = open('near', () => {
  calls++;
  closing.close();
  closing.close();
  globalThis.gc();
});
await receive(MANY, () => far.send(Buffer.concat(Array(MANY).fill(ARP_REQUEST)), ARP_REQUEST.length));
await until('its first call', () => calls > 0);
await receive(1, () => far.send(ARP_REQUEST, ARP_REQUEST.length));
assert.equal(calls, 1);
assert.throws(() => closing.send(ARP_REQUEST, ARP_REQUEST.length), { errno: EBADF });

console.log('an exception in a callback is an uncaught exception, and the socket goes on');
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

console.log('a socket without references goes on, and a closed one is collected');
near.close();
const lone = { calls: 0 };
(() => open('near', () => lone.calls++).unref())();
globalThis.gc();
far.send(ARP_REQUEST, ARP_REQUEST.length);
await until('its first call', () => lone.calls > 0);
const closed = (() => {
  const socket = listen();
  socket.close();
  return new WeakRef(socket);
})();
await untilCollected('the closed socket to be collected', () => closed.deref() === undefined);

console.log('a socket ends with its worker thread, with frames pending');
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

console.log('a callback may end its thread with more frames pending, and may be terminated while it runs');
for (const [what, status] of [
  ['exit', 7],
  ['throw', 1],
]) {
  const sent = new Int32Array(new SharedArrayBuffer(4));
  const leaving = await inThread((own, ready, { parentPort }) => {
    const ends = {
      exit: () => process.exit(7),
      throw: () => {
        throw new Error('uncaught');
      },
    };
    parentPort.once('message', ({ what, sent }) => {
      globalThis.socket = new own.PacketSocket('near', ends[what], () => undefined);
      parentPort.postMessage('opened');
      // All frames are sent before the event loop runs.
      Atomics.wait(sent, 0, 0);
    });
    ready();
  });
  leaving.on('error', ({ message }) => assert.equal(message, 'uncaught'));
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

console.log(
  'an interface that goes down or is deleted is reported once, and the callback may close the socket',
);
for (const end of ['set far down', 'del far']) {
  ip('link set far up');
  const errors = [];
  const open_ = open('near', nothing, (errno) => errors.push(errno));
  const closes = open('near', nothing, (errno) => {
    closes.close();
    errors.push(errno);
    globalThis.gc();
  });
  ip('link set near down', `link ${end}`);
  await until('both reports', () => errors.length >= 2);
  assert.deepEqual(errors, [ENETDOWN, ENETDOWN]);
  open_.close();
  if (end === 'set far down') {
    assert.throws(() => open('near', nothing), { errno: ENETDOWN });
    assert.throws(() => far.send(ARP_REQUEST, ARP_REQUEST.length), { errno: ENETDOWN });
    ip('link set near up');
  }
}
far.close();

console.log('an interface that is missing or not Ethernet is refused, and leaves no socket open');
for (const name of ['near', '', 'a name longer than any interface has'])
  assert.throws(() => open(name, nothing), { errno: ENODEV });
assert.throws(() => open('lo', nothing), { errno: EPROTOTYPE });
assert.throws(() => new addon.PacketSocket('near', nothing), TypeError);
assert.throws(() => new addon.PacketSocket(7, nothing, nothing), TypeError);
// One socket is left: the one without references, which was never closed.
await until('all other sockets to be closed', () => socketCount() === atStart + 1);
