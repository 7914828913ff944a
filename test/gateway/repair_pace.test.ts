import test from 'ava';
import { RepairPace } from '../../src/gateway/repair_pace.js';

/** Lets another program undo each repair after `afterMs`, for `forMs`. @returns when the repairs were */
function fight(pace: RepairPace, { isHost = false, afterMs = 5, forMs = 60_000, from = 0 } = {}): number[] {
  const repairs: number[] = [];
  let now = from;
  while (now < from + forMs) {
    now += pace.look(now, true, isHost);
    if (pace.look(now, true, isHost) > 0) throw new Error('the wait is over and the repair is still to wait');
    pace.repaired(now);
    repairs.push(now);
    now += afterMs;
  }
  return repairs;
}

const gaps = (times: readonly number[]) => times.slice(1).map((time, i) => time - (times[i] ?? 0));

test('the first repair is immediate, and each further one waits twice as long, up to 8 s', (t) => {
  const repairs = fight(new RepairPace());
  t.is(repairs[0], 0);
  t.deepEqual(gaps(repairs), [100, 200, 400, 800, 1_600, 3_200, 6_400, ...Array(6).fill(8_000)]);
});

test('flows of the host never wait longer than 200 ms, also late in a fight about others', (t) => {
  const pace = new RepairPace();
  t.true(gaps(fight(pace, { isHost: true })).every((gap) => gap <= 200));
  const [last = 0] = fight(new RepairPace()).slice(-1);
  const late = new RepairPace();
  fight(late);
  t.is(late.look(last + 5, true, true), 195);
  t.is(late.look(last + 1_000, true, true), 0);
});

test('flows that are changed once in a while are repaired at once, and are no problem', (t) => {
  const pace = new RepairPace();
  for (let now = 0; now < 200_000; now += 10_001) {
    t.is(pace.look(now, true, false), 0);
    pace.repaired(now);
    t.is(pace.problem('breth0', now), undefined);
  }
});

test('a fight is a problem from the fourth repair until ten seconds after the last change', (t) => {
  const pace = new RepairPace();
  const named: (string | undefined)[] = [];
  for (let now = 0, repairs = 0; repairs < 9; now += 1_000) {
    if (pace.look(now, true, false) > 0) continue;
    pace.repaired(now);
    repairs++;
    named.push(pace.problem('breth0', now));
  }
  t.deepEqual(named.slice(0, 3), [undefined, undefined, undefined]);
  t.regex(named[3] ?? '', /^the flows of breth0 were changed by someone else 4 times in \d+ s; /);
  t.is(
    new Set(named.slice(3)).size,
    2,
    'the text changes after twice as many repairs, so the log stays short',
  );
  t.regex(named.at(-1) ?? '', /changed by someone else 8 times/);
  const last = 1_000_000;
  t.is(pace.problem('breth0', last), undefined);
  t.is(pace.look(last, true, false), 0);
});

test('events in a fight cause at most five reads a second, and the first one causes a read at once', (t) => {
  const pace = new RepairPace();
  t.is(pace.lookIn(0), 0);
  fight(pace, { forMs: 5_000 });
  pace.look(6_000, true, false);
  t.is(pace.lookIn(6_050), 150);
  t.is(pace.lookIn(6_200), 0);
  t.is(pace.lookIn(60_000), 0);
});

test('events about flows that are not ours cause at most ten reads a second, and the first one a read at once', (t) => {
  const pace = new RepairPace();
  const reads = new Set<number>();
  for (let now = 0; now < 1_000; now += 5) {
    const at = now + pace.lookIn(now);
    reads.add(at);
    if (at === now) pace.look(now, false, false);
  }
  t.deepEqual([...reads], [0, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1_000]);
  t.is(pace.lookIn(5_000), 0, 'after a pause the first one is fast again');
});

test('an operator who asks for a check makes the next repair immediate', (t) => {
  const pace = new RepairPace();
  const [last = 0] = fight(pace).slice(-1);
  t.true(pace.look(last + 5, true, false) > 0);
  pace.reset();
  t.is(pace.look(last + 6, true, false), 0);
  t.is(pace.problem('breth0', last + 6), undefined);
});
