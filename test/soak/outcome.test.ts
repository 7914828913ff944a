import test from 'ava';
import type { Fault } from '../../lab/faults/fault.js';
import type { ProbeTimes } from '../../lab/traffic.js';
import { CUT_MS } from '../faults/measure.js';
import { descriptorGrowth, floorsOf, type Sample, slopePerHour } from './growth.js';
import { cutsOfFault, cutsOfMove, growthOf } from './outcome.js';

const MINUTE_MS = 60_000;

function sample(minute: number, residentMb: number, descriptors = 20, pid = 1): Sample {
  return { atMs: minute * MINUTE_MS, pid, residentMb, descriptors };
}

function probe(longestMs: number, more: Partial<ProbeTimes> = {}): ProbeTimes {
  return {
    class: 'management',
    name: 'gw1 v4',
    kind: 'flow',
    sent: 100,
    lost: 10,
    silentMs: 0,
    longestMs,
    broken: 0,
    ...more,
  };
}

const MOVE = { at: 5, during: 'create pod pod-1', aborts: 0 };
const FAULT: Fault = {
  name: 'a fault',
  subject: 'switch',
  what: '',
  promise: '',
  lastsMs: 0,
  inject: async () => undefined,
  heal: async () => undefined,
};

test('memory that grows by a megabyte each ten minutes grows by 6 MB an hour', (t) => {
  t.is(slopePerHour([sample(0, 80), sample(10, 81), sample(20, 82)]), 6);
  t.is(slopePerHour([sample(0, 80)]), 0);
  t.is(slopePerHour([sample(3, 80), sample(3, 90)]), 0);
});

test('memory is the floor of each two minutes: garbage that was collected is no growth', (t) => {
  const garbage = [80, 95, 80, 110, 80, 130].map((mb, minute) => sample(minute, mb));
  t.deepEqual(
    floorsOf(garbage).map(({ residentMb }) => residentMb),
    [80, 80, 80],
  );
  t.true(growthOf('m watcher', garbage).isFlat);
  const leak = [80, 95, 81, 110, 82, 130].map((mb, minute) => sample(minute, mb));
  t.is(growthOf('m watcher', leak).mbPerHour, 30);
  t.deepEqual(floorsOf([]), []);
});

test('a descriptor that is open for a moment is no growth, one that stays is', (t) => {
  const counts = (all: readonly number[]) => all.map((count, minute) => sample(minute, 80, count));
  t.is(descriptorGrowth(counts([20, 21, 20, 20, 25, 20, 20, 22])), 0);
  t.is(descriptorGrowth(counts([20, 21, 20, 22, 23, 24, 25, 26])), 5);
});

test('a daemon that was restarted is judged by its last process', (t) => {
  const before = [sample(0, 60, 20, 1), sample(3, 90, 20, 1)];
  const after = [sample(4, 70, 20, 2), sample(7, 70, 20, 2)];
  const growth = growthOf('gw1 helper', [...before, ...after]);
  t.like(growth, { minutes: 3, floorsMb: [70, 70], mbPerHour: 0, isFlat: true });
  t.false(growthOf('gw1 helper', before).isFlat);
});

test('an outage is explained by a fault that may cut its class for so long, and by nothing else', (t) => {
  const cuts = (longestMs: number, limitMs: number, aborts = 0) => {
    const classes = new Map([['management', { sent: 1, lost: 1, longestMs, limitMs, broken: 0 }]] as const);
    return cutsOfFault(5, { fault: FAULT, classes, aborts });
  };
  t.like(cuts(2_500, 3_000)[0], { class: 'management', ms: 2_500, during: 'a fault', isExplained: true });
  t.like(cuts(3_500, 3_000)[0], { isExplained: false });
  t.like(cuts(3_500, 3_000, 1)[0], { isExplained: true });
  t.like(cutsOfMove({ ...MOVE, probes: [probe(CUT_MS + 1)] })[0], {
    during: 'create pod pod-1',
    lost: 10,
    isExplained: false,
  });
});

test('a switch that aborts by itself explains an outage of some seconds', (t) => {
  const cut = (ms: number) => cutsOfMove({ ...MOVE, probes: [probe(ms)], aborts: 1 })[0];
  t.like(cut(2_000), { isExplained: true, during: 'create pod pod-1, while a switch aborted by itself' });
  t.like(cut(20_000), { isExplained: false });
});

test('a packet that a busy machine drops is no outage, and TCP repeats by itself', (t) => {
  t.deepEqual(cutsOfMove({ ...MOVE, probes: [probe(60), probe(2_000, { kind: 'tcp' })] }), []);
});
