import test from 'ava';
import { endedEarly } from './ending.js';
import { absentDaemons } from './outcome.js';
import { formatSoak, isWell } from './report.js';
import type { Soak } from './soak.js';

const WELL: Soak = {
  seed: 1,
  started: '2026-01-02T03:04:05Z',
  minutes: 30,
  moves: 91,
  faults: new Map([['helper killed', 2]]),
  cuts: [],
  broken: [],
  spoiled: [],
  witnesses: [],
  growths: [],
  absent: [],
  ended: undefined,
  wrong: [],
  left: [],
};

test('a move that fails ends a soak with its place and its reason', async (t) => {
  const place = { at: 0, move: 0, doing: 'start' };
  const ended = await endedEarly(place, async () => {
    Object.assign(place, { at: 308, move: 91, doing: 'fault: gateway-init killed' });
    throw new Error('kubectl apply failed\nconnection refused');
  });
  t.is(ended, '308 s, move 91, fault: gateway-init killed: kubectl apply failed / connection refused');
  t.is(await endedEarly(place, async () => undefined), undefined);
});

test('a soak that ended early is not well, and its report says where, and that nothing was checked', (t) => {
  t.true(isWell(WELL));
  const soak = { ...WELL, ended: '308 s, move 91, put service-1: kubectl failed' };
  t.false(isWell(soak));
  const report = formatSoak(soak);
  t.regex(report, /Ended early: 308 s, move 91, put service-1: kubectl failed/);
  t.regex(report, /\| helper killed \| 2 \|/);
  t.regex(report, /Not checked/);
  t.notRegex(report, /every promise was kept|answered from its endpoints|as at the start/);
});

test('a daemon that ran at the start and runs no more is named, even if it was never sampled', (t) => {
  t.deepEqual(absentDaemons(['gw1 helper', 'm watcher'], ['m watcher']), ['gw1 helper']);
  const soak = { ...WELL, absent: ['gw1 helper'] };
  t.false(isWell(soak));
  t.regex(formatSoak(soak), /- gw1 helper runs no more/);
});
