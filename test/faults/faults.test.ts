import test from 'ava';
import { FAULTS } from '../../lab/faults/all.js';
import type { Fault } from '../../lab/faults/fault.js';
import { chosen } from './choice.js';
import { failuresOf, type Outcome } from './measure.js';
import { formatPage } from './page.js';

test('each fault has a name of its own, without a comma', (t) => {
  const names = FAULTS.map(({ name }) => name);
  t.is(new Set(names).size, names.length);
  t.deepEqual(
    names.filter((name) => name.includes(',')),
    [],
  );
});

test('--only takes names and subjects, and refuses others', (t) => {
  const only = 'helper killed, OVN';
  const found = chosen(FAULTS, { only });
  t.true(found.length > 3);
  t.true(found.every(({ name, subject }) => name === 'helper killed' || subject === 'OVN'));
  t.throws(() => chosen(FAULTS, { only: 'no such' }), { message: /no fault or subject "no such"/ });
});

test('--quick takes ten faults of at least five subjects', (t) => {
  const quick = chosen(FAULTS, { quick: true });
  t.is(quick.length, 10);
  t.true(new Set(quick.map(({ subject }) => subject)).size >= 5);
});

test('the page has a row a fault, with what was measured and each broken promise', (t) => {
  const [fault] = FAULTS;
  if (fault === undefined) return t.fail('no faults');
  const page = formatPage([outcomeOf(fault)], new Date('2026-01-02T03:04:05Z'), ['a machine']);
  t.regex(page, /Measured on 2026-01-02: a machine\./);
  t.regex(page, /## processes/);
  t.regex(page, /\| 120 ms, 3 of 100, 1 broke \|.* never \| management was cut \|/);
});

test('a TCP connection may break only where its class may be cut', (t) => {
  const failures = (limitMs: number, broken: number) =>
    failuresOf(
      new Map([['established', { sent: 100, lost: 0, longestMs: 0, limitMs, broken }]] as const),
      [],
      [],
    );
  t.deepEqual(failures(0, 1), ['established: 1 TCP connections broke, and none may']);
  t.deepEqual(failures(0, 0), []);
  t.deepEqual(failures(3_000, 1), []);
});

function outcomeOf(fault: Fault): Outcome {
  const hit = { sent: 100, lost: 3, longestMs: 120, limitMs: 0, broken: 1 };
  return {
    fault,
    classes: new Map([['management', hit]]),
    healMs: undefined,
    left: [],
    failures: ['management was cut'],
    probes: [],
    aborts: 0,
  };
}
