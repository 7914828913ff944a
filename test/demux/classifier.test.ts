import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import test from 'ava';
import fc from 'fast-check';
import { MIX_GATEWAY, trafficMix } from '../../lab/traffic_mix.js';
import { CLASSES, classId, type PacketClass } from '../../src/demux/classes.js';
import { type Batch, Classifier, TRUNCATED } from '../../src/demux/classifier.js';
import { FlowTables } from '../../src/demux/lookup.js';
import { readFrame } from '../../src/demux/packet_fields.js';
import { PORT_ROLES, type PortRole } from '../../src/demux/port_role.js';
import type { GatewayState } from '../../src/demux/state.js';
import { demuxFlows } from '../../src/demux/table.js';
import { nativeClassNames } from '../../src/native.js';
import { trackedAs } from '../../src/openflow/ct_state.js';
import { LOCAL } from '../../src/openflow/ofport.js';
import { frames, gateways } from './frame_arbitraries.js';
import { GATEWAY, PATCH, PHYS, port } from './sample.js';

const IN_PORT: Readonly<Record<PortRole, number>> = {
  phys: PHYS,
  local: LOCAL,
  patch: PATCH,
  other: port(9),
};
/** The addon shares batches of this many frames between threads on a machine with more than one core. */
const SHARED = 2 * 16_384;

function batchOf(list: readonly Buffer[], wireLengths?: readonly number[]): Batch {
  const lengths = Uint32Array.from(list, (frame) => frame.length);
  const offsets = new Uint32Array(list.length);
  for (let i = 1; i < list.length; i++) offsets[i] = (offsets[i - 1] ?? 0) + (lengths[i - 1] ?? 0);
  return {
    frames: Buffer.concat(list),
    offsets,
    lengths,
    ...(wireLengths === undefined ? {} : { wireLengths: Uint32Array.from(wireLengths) }),
  };
}

function classesOf(
  state: GatewayState,
  list: readonly Buffer[],
  role: PortRole,
  isTracked = false,
): Uint8Array {
  const classes = new Uint8Array(list.length);
  new Classifier(state).classify(batchOf(list), role, classes, isTracked);
  return classes;
}

/** Returns the class of a frame by a lookup in the flows of `state`. */
function modelOf(
  state: GatewayState,
): (frame: Buffer, role: PortRole, isTracked: boolean) => PacketClass | undefined {
  const tables = new FlowTables(demuxFlows(state));
  return (frame, role, isTracked) => {
    const fields = new Map([...readFrame(frame).fields, ['in_port', BigInt(IN_PORT[role])] as const]);
    return tables.lookup(fields, trackedAs(isTracked ? 'est' : 'new')).class;
  };
}

test('the addon numbers the classes as the table does', (t) => {
  t.deepEqual(nativeClassNames(), CLASSES);
});

/** A gateway, frames, and whether their connections are established. */
const looks = fc.tuple(gateways, fc.array(frames, { minLength: 20, maxLength: 60 }), fc.boolean());

test('the class of any frame, from any port, is the class of the flow that the frame matches', (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(looks, ([state, list, isTracked]) => {
        const model = modelOf(state);
        for (const role of PORT_ROLES) {
          const classes = classesOf(state, list, role, isTracked);
          for (const [i, frame] of list.entries()) {
            const expected = model(frame, role, isTracked);
            if (expected === undefined || classId(expected) !== classes[i])
              throw new Error(
                `${role} ${frame.toString('hex')}: ${CLASSES[(classes[i] ?? 0) - 1]} instead of ${expected}`,
              );
          }
        }
      }),
      { numRuns: 150 },
    ),
  );
});

test('among such frames there are some of each class', (t) => {
  const seen = new Set<PacketClass | undefined>();
  // Always the same ones: another 150 may hardly have a node port.
  for (const [state, list, isTracked] of fc.sample(looks, { numRuns: 150, seed: 1 })) {
    const model = modelOf(state);
    for (const role of PORT_ROLES) for (const frame of list) seen.add(model(frame, role, isTracked));
  }
  t.deepEqual(
    CLASSES.filter((name) => !seen.has(name)),
    [],
  );
});

test('a frame is truncated only if the capture ends before the fields that decide', (t) => {
  fc.assert(
    fc.property(frames, fc.nat({ max: 80 }), (frame, held) => {
      const part = frame.subarray(0, Math.min(held, frame.length));
      const classes = new Uint8Array(1);
      new Classifier(GATEWAY).classify(batchOf([part], [frame.length]), 'phys', classes);
      if (readFrame(part, frame.length).cut) t.is(classes[0], TRUNCATED);
      else t.is(classes[0], classesOf(GATEWAY, [frame], 'phys')[0]);
    }),
    { numRuns: 2_000 },
  );
});

test('packets and bytes on the wire are counted by class over all batches', (t) => {
  const classifier = new Classifier(GATEWAY);
  const other = Buffer.from(`020000000077${'020000000001'}88cc${'00'.repeat(50)}`, 'hex');
  const toAll = Buffer.from(`ffffffffffff${'020000000001'}88cc${'00'.repeat(46)}`, 'hex');
  const short = Buffer.from('ffffffffffff', 'hex');
  const classes = new Uint8Array(4);
  classifier.classify(batchOf([other, toAll, toAll, short]), 'phys', classes);
  classifier.classify(batchOf([other, short], [1_000, 60]), 'phys', classes);
  const counts = classifier.byClass();
  t.deepEqual(counts.get('broadcast'), { packets: 2n, bytes: 120n });
  t.deepEqual(counts.get('other'), { packets: 3n, bytes: 1_070n });
  t.deepEqual(classifier.truncated, { packets: 1n, bytes: 60n });
  t.is(classifier.malformed, 1n);
  t.deepEqual([...classes], [classId('other'), TRUNCATED, classId('broadcast'), classId('other')]);
});

test('a batch with inconsistent arrays is refused, and none of it is counted', (t) => {
  const classifier = new Classifier(GATEWAY);
  const batch = batchOf([Buffer.alloc(60), Buffer.alloc(60)]);
  const classes = new Uint8Array(2);
  const refused = (wrong: Partial<Batch>, into = classes) =>
    t.throws(() => classifier.classify({ ...batch, ...wrong }, 'phys', into), { instanceOf: RangeError });
  refused({ offsets: Uint32Array.of(0, 61) });
  refused({ offsets: Uint32Array.of(0, 0xffff_ffff) });
  refused({ lengths: Uint32Array.of(60, 0xffff_ffff) });
  refused({ lengths: Uint32Array.of(60) });
  refused({ wireLengths: Uint32Array.of(60) });
  refused({}, new Uint8Array(1));
  t.is(
    [...classifier.byClass().values()].reduce((sum, { packets }) => sum + packets, 0n),
    0n,
  );
});

test('a batch that several threads share has the same classes and counts as small batches', (t) => {
  const mix = trafficMix(60_000).filter(({ side }) => side === 'phys');
  const list = mix.map(({ frame }) => frame);
  t.true(list.length > SHARED);
  const whole = new Classifier(MIX_GATEWAY);
  const classes = new Uint8Array(list.length);
  whole.classify(batchOf(list), 'phys', classes);
  t.deepEqual(
    classes,
    Uint8Array.from(mix, ({ class: name }) => classId(name)),
  );

  const inParts = new Classifier(MIX_GATEWAY);
  for (let at = 0; at < list.length; at += 1_000) {
    const part = list.slice(at, at + 1_000);
    inParts.classify(batchOf(part), 'phys', new Uint8Array(part.length));
  }
  t.deepEqual(whole.byClass(), inParts.byClass());
  t.is(whole.malformed, inParts.malformed);
});

test('the error for a large batch names the first frame outside the buffer, and nothing is counted', (t) => {
  const size = 60;
  const offsets = new Uint32Array(SHARED + 10).fill(0);
  const lengths = new Uint32Array(offsets.length).fill(size);
  const classifier = new Classifier(GATEWAY);
  for (const wrong of [[offsets.length - 1], [SHARED - 1, offsets.length - 1], [0, SHARED - 1]]) {
    const outside = offsets.slice();
    for (const index of wrong) outside[index] = 1;
    const batch = { frames: new Uint8Array(size), offsets: outside, lengths };
    t.throws(() => classifier.classify(batch, 'phys', new Uint8Array(offsets.length)), {
      instanceOf: RangeError,
      message: `frame ${wrong[0]} is not within the buffer`,
    });
  }
  t.true([...classifier.byClass().values()].every(({ packets }) => packets === 0n));
});

test('each worker thread has a classifier of its own, also after another thread ended', async (t) => {
  const frame = Buffer.from(`ffffffffffff${'020000000001'}88cc${'00'.repeat(46)}`, 'hex');
  const expected = PORT_ROLES.map((role) => classesOf(GATEWAY, [frame], role)[0]);
  const classesInThread = async () => {
    // A worker thread of Node.js 20 must register the TypeScript loader itself.
    const script = `import('tsx/esm/api').then(({ register }) => {
      register();
      return import(${JSON.stringify(new URL('./classifier_worker.ts', import.meta.url).href)});
    })`;
    const thread = new Worker(script, { eval: true, workerData: frame.toString('hex'), execArgv: [] });
    const [classes] = await once(thread, 'message');
    await thread.terminate();
    return classes;
  };
  t.deepEqual(await Promise.all([classesInThread(), classesInThread()]), [expected, expected]);
  t.deepEqual(await classesInThread(), expected);
});
