import test from 'ava';
import { compareReadings, type Reading } from '../../src/audit/compare.js';
import type { ClassCounts, ClassName } from '../../src/capture/counts.js';
import type { PacketClass } from '../../src/demux/classes.js';
import type { Demux } from '../../src/demux/state.js';
import { CONNTRACK, PORT_RANGE } from '../demux/sample.js';

type Counts<Name extends string> = Partial<Record<Name, number>>;

function entries<Name extends string>(counts: Counts<Name>): [Name, number][] {
  return Object.entries(counts) as [Name, number][];
}

function captured(counts: Counts<ClassName>): ClassCounts {
  return new Map(
    entries(counts).map(([name, packets]) => [
      name,
      { packets: BigInt(packets), bytes: 60n * BigInt(packets) },
    ]),
  );
}

function reading(
  before: Counts<ClassName>,
  delivered: Counts<PacketClass>,
  after: Counts<ClassName>,
  ofAll: Counts<PacketClass> = {},
): Reading {
  const sums = (counts: Counts<PacketClass>) =>
    new Map(entries(counts).map(([name, packets]) => [name, BigInt(packets)]));
  return {
    before: captured(before),
    delivered: { ofNic: sums(delivered), ofAll: sums(ofAll) },
    after: captured(after),
  };
}

const START = reading({ management: 10 }, { management: 5_000 }, { management: 20 });

function disagreeing(start: Reading, end: Reading, demux: Demux = PORT_RANGE, lost = 0n): string[] {
  return compareReadings(start, end, demux, lost)
    .filter(({ agrees }) => !agrees)
    .map(({ name }) => name);
}

test('a delivered count agrees exactly within the bounds that the moments of the readings allow', (t) => {
  const end = (delivered: number) =>
    reading({ management: 1_010 }, { management: delivered }, { management: 1_030 });
  // At least 1010 - 20 = 990 and at most 1030 - 10 = 1020 packets arrived; 5000 were delivered before.
  t.deepEqual(disagreeing(START, end(5_989)), ['management']);
  t.deepEqual(disagreeing(START, end(5_990)), []);
  t.deepEqual(disagreeing(START, end(6_020)), []);
  t.deepEqual(disagreeing(START, end(6_021)), ['management']);
});

test('a frame that the capture lost or truncated can be of any class', (t) => {
  const end = reading({ management: 1_010 }, { management: 6_025 }, { management: 1_030 });
  t.deepEqual(disagreeing(START, end), ['management']);
  t.deepEqual(disagreeing(START, end, PORT_RANGE, 4n), ['management']);
  t.deepEqual(disagreeing(START, end, PORT_RANGE, 5n), []);
  t.deepEqual(disagreeing(START, { ...end, after: captured({ management: 1_030, truncated: 5 }) }), []);
});

test('only the class that was not delivered disagrees', (t) => {
  const end = reading(
    { management: 1_010, 'node-port': 500 },
    { management: 6_000 },
    { management: 1_030, 'node-port': 505 },
  );
  t.deepEqual(disagreeing(START, end), ['node-port']);
  t.like(
    compareReadings(START, end, PORT_RANGE, 0n).find(({ name }) => name === 'node-port'),
    { atLeast: 500n, atMost: 505n, delivered: 0n, agrees: false },
  );
});

test('for a flow that packets of other ports match too, only a count that is too low disagrees', (t) => {
  const end = (other: number) => reading({ other: 100 }, {}, { other: 110 }, { other });
  t.deepEqual(disagreeing(reading({}, {}, {}, { other: 0 }), end(5_000)), []);
  t.deepEqual(disagreeing(reading({}, {}, {}, { other: 0 }), end(99)), ['other']);
});

test('in conntrack mode return traffic of pods and management are compared as one group', (t) => {
  const end = reading({ management: 1_010 }, { management: 5_400, 'pod-return': 600 }, { management: 1_030 });
  t.deepEqual(disagreeing(START, end, CONNTRACK), []);
  t.deepEqual(disagreeing(START, end, PORT_RANGE), ['pod-return', 'management']);
  const group = compareReadings(START, end, CONNTRACK, 0n).at(-1);
  t.like(group, { name: 'pod-return or management', delivered: 1_000n });
});
