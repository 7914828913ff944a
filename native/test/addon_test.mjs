// Tests the addon, built with sanitizers, from JavaScript: addon_test.mjs ADDON. It passes invalid arguments, and frames
// of any octets in buffers of exactly their size.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const FOLDER = import.meta.dirname;
const addon = createRequire(import.meta.url)(process.argv[2]);
const none = new Uint16Array(0);
const facts = {
  mac: Uint8Array.of(0x0a, 0x58, 203, 0, 113, 10),
  linkLocal: new Uint8Array(16),
  phys: true,
  patch: true,
  otherPorts: false,
  addresses: [Uint8Array.of(203, 0, 113, 10), new Uint8Array(16)],
  served: [],
  answered: [],
  servedSources: [],
  portsAt: [],
  tcp: none,
  udp: none,
  sctp: none,
  range: Uint16Array.of(61_000, 65_535),
};

console.log('each frame of the corpus is classified and parsed');
const classifier = new addon.Classifier(facts);
const ids = addon.classNames.length + 1;
const totals = new BigUint64Array(2 * ids + 1);
const inputs = readdirSync(join(FOLDER, 'corpus')).map((name) => readFileSync(join(FOLDER, 'corpus', name)));
assert(inputs.length > 0);
for (const input of inputs) {
  // A copy of exactly these octets, outside Node's buffer pool.
  const frame = new Uint8Array(input);
  const size = Uint32Array.of(frame.length);
  for (let role = 0; role < 4; role++) {
    classifier.classify(frame, Uint32Array.of(0), size, size, role, false, new Uint8Array(1), totals);
  }
  addon.parsePacket(frame, frame.length + 64);
}
assert.equal(
  totals.subarray(0, ids).reduce((sum, n) => sum + n),
  BigInt(4 * inputs.length),
);

console.log('threads that share a batch read no further than its last frame');
{
  const size = 60;
  const count = 40_000;
  const offsets = Uint32Array.from({ length: count }, (_, i) => i * size);
  const sizes = new Uint32Array(count).fill(size);
  const counted = new BigUint64Array(totals.length);
  const frames = new Uint8Array(count * size);
  classifier.classify(frames, offsets, sizes, sizes, 0, false, new Uint8Array(count), counted);
  assert.equal(
    counted.subarray(0, ids).reduce((sum, n) => sum + n),
    BigInt(count),
  );
  const less = frames.slice(0, -1);
  assert.throws(
    () => classifier.classify(less, offsets, sizes, sizes, 0, false, new Uint8Array(count), counted),
    /frame 39999 is not within the buffer/,
  );
}

console.log('arrays of wrong lengths or types are refused');
const one = Uint32Array.of(1);
const refuse = (offsets, classes) =>
  classifier.classify(new Uint8Array(60), offsets, one, one, 0, false, classes, totals);
assert.throws(() => refuse(Uint32Array.of(60), new Uint8Array(1)), RangeError);
assert.throws(() => refuse(Uint32Array.of(0xffff_ffff), new Uint8Array(1)), RangeError);
assert.throws(() => refuse(Uint32Array.of(0), new Uint8Array(0)), RangeError);
assert.throws(() => refuse([0], new Uint8Array(1)), TypeError);
assert.throws(() => addon.parsePacket('frame', 5), TypeError);
assert.throws(() => new addon.Classifier({ ...facts, mac: new Uint8Array(5) }), TypeError);

console.log('a lock can be written until it is closed, and closed twice');
const folder = mkdtempSync(join(tmpdir(), 'addon-'));
try {
  const lock = new addon.FileLock(join(folder, 'pid'));
  lock.write('1\n');
  lock.close();
  lock.close();
  assert.throws(() => lock.write('2\n'));
  assert.throws(() => new addon.FileLock(folder));
} finally {
  rmSync(folder, { recursive: true });
}

console.log('a datagram needs a path that fits into an address, and a receiver');
assert.throws(() => addon.sendDatagram('/x'), TypeError);
assert.throws(() => addon.sendDatagram('/x', 1), TypeError);
assert.throws(() => addon.sendDatagram('', 'x'), /Invalid argument/);
assert.throws(() => addon.sendDatagram('/'.padEnd(108, 'x'), 'x'), /Invalid argument/);
assert.throws(() => addon.sendDatagram('@'.padEnd(107, 'x'), 'x'), /Connection refused/);
assert.throws(() => addon.sendDatagram('/'.padEnd(107, 'x'), 'x'), /No such file/);
