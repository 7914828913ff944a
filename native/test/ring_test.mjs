// Tests the receive ring of the addon, built with sanitizers: ring_test.mjs ADDON, in a network namespace.
import assert from 'node:assert/strict';
import { constants } from 'node:os';
import {
  ARP_REQUEST,
  addon,
  FACTS,
  FAR,
  inThread,
  ip,
  layCable,
  NEAR,
  ringCount,
  until,
  untilCollected,
} from './lab.mjs';

const { ENETDOWN, ENODEV } = constants.errno;
const [BOTH, INCOMING, OUTGOING] = [0, 1, 2];
const [PHYS, LOCAL] = [0, 1];
const open = (device, direction = BOTH, role = PHYS, facts = FACTS) =>
  new addon.Ring(device, direction, role, role === LOCAL, facts);
const idOf = (name) => addon.classNames.indexOf(name) + 1;
const ids = addon.classNames.length + 1;

/** A frame to the host of 1,414 octets, with an EtherType for experiments (IEEE 802). */
const LONG = Buffer.concat([NEAR, FAR, Buffer.from('88b5', 'hex'), Buffer.alloc(1_400, 7)]);
const NEIGHBOUR = idOf('neighbour-request');
const MANAGEMENT = idOf('management');
assert(NEIGHBOUR > 0 && MANAGEMENT > 0);

layCable();
const far = new addon.PacketSocket(
  'far',
  () => undefined,
  () => undefined,
);
const send = (count, frame = ARP_REQUEST) => far.send(Buffer.concat(Array(count).fill(frame)), frame.length);

/** Takes snapshots until `ring` has counted `count` frames; returns the last one, with the samples of all of them. */
async function seen(ring, count) {
  const samples = [];
  const now = await until(`${count} frames`, () => {
    const one = ring.snapshot(5);
    samples.push(...one.samples);
    return packets(one) >= count && one;
  });
  return { ...now, samples };
}
const packets = ({ counts }) => Number(counts.subarray(0, ids).reduce((sum, one) => sum + one));

console.log('frames are counted by class and sender, and the first frame of each class is kept');
const ring = open('near');
assert.deepEqual([packets(ring.snapshot(5)), ring.snapshot(5).samples], [0, []]);
send(20);
send(10, LONG);
const first = await seen(ring, 30);
assert.deepEqual([first.counts[NEIGHBOUR], first.counts[MANAGEMENT]], [20n, 10n]);
assert.equal(first.counts[ids + MANAGEMENT], BigInt(10 * LONG.length));
assert.deepEqual([first.dropped, first.leavingPackets, first.errno], [0n, 0n, 0]);
assert.deepEqual(
  first.talkers.map(({ classId, packets: count }) => [classId, count]),
  [
    [NEIGHBOUR, 20n],
    [MANAGEMENT, 10n],
  ],
);
const sample = (classId) => first.samples.find((one) => one.classId === classId);
assert.deepEqual(sample(NEIGHBOUR), {
  classId: NEIGHBOUR,
  wireLength: ARP_REQUEST.length,
  frame: ARP_REQUEST,
});
assert.deepEqual(sample(MANAGEMENT), {
  classId: MANAGEMENT,
  wireLength: LONG.length,
  frame: LONG.subarray(0, 128),
});

console.log('each snapshot clears the samples, and new facts change the classes');
assert.deepEqual(ring.snapshot(5).samples, []);
// A host without addresses is not the target of the request.
ring.setFacts({ ...FACTS, addresses: [] });
assert.throws(() => ring.setFacts({}), TypeError);
send(5);
const second = await seen(ring, 35);
assert.equal(second.counts[NEIGHBOUR], 20n);
assert.equal(second.samples.length, 1);

console.log('a snapshot limits the number of talkers, which must be a number');
for (const most of [0, 1, 0xffff_ffff]) assert(ring.snapshot(most).talkers.length <= most);
assert.throws(() => ring.snapshot('all'), TypeError);

console.log('frames that leave are distinguished from frames that arrive');
const [out, local, incoming] = [open('far', OUTGOING), open('far', BOTH, LOCAL), open('far', INCOMING)];
send(7);
assert.equal(packets(await seen(local, 7)), 7);
await until('the frames that leave', () => out.snapshot(0).leavingPackets === 7n);
assert.equal(packets(incoming.snapshot(0)), 0);
for (const one of [out, local, incoming]) one.close();

console.log('a closed ring has no snapshot, also if it was closed in a flood');
send(2_000);
ring.close();
ring.close();
ring.setFacts(FACTS);
assert.equal(ring.snapshot(5), undefined);
assert.equal(ringCount(), 0);

console.log('a ring without references is collected with its thread, in a flood');
(() => {
  const forgotten = open('near');
  send(2_000);
  forgotten.snapshot(5);
})();
assert.equal(ringCount(), 1);
await untilCollected('the ring to be collected', () => ringCount() === 0);

console.log('a ring ends with its worker thread, in a flood');
const thread = await inThread((own, ready, { facts }) => {
  globalThis.ring = new own.Ring('near', 0, 0, false, facts);
  ready();
});
send(2_000);
await thread.terminate();
assert.equal(ringCount(), 0);

console.log('an interface that goes down or is deleted ends the reading, and earlier frames count');
for (const end of ['link set near down', 'link del near']) {
  const ending = open('near');
  send(9);
  ip(end);
  const last = await until('the end', () => {
    const one = ending.snapshot(5);
    return one.errno !== 0 && one;
  });
  assert.deepEqual([last.errno, packets(last)], [ENETDOWN, 9]);
  ending.setFacts(FACTS);
  assert.equal(ending.snapshot(5).errno, ENETDOWN);
  ending.close();
  if (end === 'link set near down') ip('link set near up');
}
far.close();

console.log('missing interfaces and invalid arguments are refused, and leave no ring open');
assert.throws(() => open('near'), { errno: ENODEV });
assert.throws(() => open(''), { errno: ENODEV });
assert.throws(() => open('near', 3), RangeError);
assert.throws(() => open('near', BOTH, 4), RangeError);
assert.throws(() => open('near', BOTH, PHYS, { ...FACTS, tcp: [80] }), TypeError);
assert.throws(() => new addon.Ring('near'), TypeError);
assert.equal(ringCount(), 0);
