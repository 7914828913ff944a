import test from 'ava';
import { Classifier } from '../../src/demux/classifier.js';
import { Batches } from '../../src/explain/batches.js';
import { tupleFrame } from '../../src/explain/tuple_frame.js';
import { CONNTRACK, GATEWAY } from '../demux/sample.js';

const FRAME = tupleFrame(['tcp', '198.51.100.1:40000', '203.0.113.10:22'], GATEWAY, true, {
  dst: undefined,
  src: undefined,
});

function countsAfter(fill: (batches: Batches) => void, state = GATEWAY, isTracked = false) {
  const classifier = new Classifier(state);
  const batches = new Batches(classifier, 'phys', isTracked);
  fill(batches);
  batches.flush();
  return classifier;
}

test('each frame is counted once, over any number of batches', (t) => {
  const count = 10_000;
  const classifier = countsAfter((batches) => {
    for (let i = 0; i < count; i++) batches.add(FRAME, FRAME.length);
    batches.flush();
  });
  const expected = { packets: BigInt(count), bytes: BigInt(count * FRAME.length) };
  t.deepEqual(classifier.byClass().get('management'), expected);
});

test('frames of more than 1 MiB together, or one by itself, are counted with their length on the wire', (t) => {
  const large = Buffer.concat([FRAME, Buffer.alloc(700 * 1024)]);
  const huge = Buffer.concat([FRAME, Buffer.alloc(2 * 1024 * 1024)]);
  const classifier = countsAfter((batches) => {
    for (const frame of [large, large, huge]) batches.add(frame, frame.length);
  });
  const bytes = BigInt(2 * large.length + huge.length);
  t.deepEqual(classifier.byClass().get('management'), { packets: 3n, bytes });
});

test('frames of tracked connections belong to pods in conntrack mode', (t) => {
  const add = (batches: Batches) => batches.add(FRAME, FRAME.length);
  const packets = (isTracked: boolean) =>
    countsAfter(add, { ...GATEWAY, demux: CONNTRACK }, isTracked)
      .byClass()
      .get('pod-return')?.packets;
  t.is(packets(true), 1n);
  t.is(packets(false), 0n);
});

test('without a frame nothing is counted', (t) => {
  const classifier = countsAfter(() => undefined);
  t.true([...classifier.byClass().values()].every(({ packets }) => packets === 0n));
});
