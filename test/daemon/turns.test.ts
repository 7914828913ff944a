import test from 'ava';
import { Turns } from '../../src/daemon/turns.js';

/** A clock that work advances, and the times at which the event loop had a turn. */
function start() {
  const at = { ms: 0 };
  const turnsAt: number[] = [];
  const turns = new Turns({
    sliceMs: 10,
    now: () => at.ms,
    turn: async () => {
      turnsAt.push(at.ms);
    },
  });
  function* work(steps: number, ms: number): Generator<void, string> {
    for (let i = 0; i < steps; i++) {
      at.ms += ms;
      yield;
    }
    return `${steps} steps`;
  }
  return { turns, turnsAt, work };
}

test('the event loop has a turn after each slice of long work', async (t) => {
  const { turns, turnsAt, work } = start();
  t.is(await turns.through(work(10, 4)), '10 steps');
  t.deepEqual(turnsAt, [12, 24, 36]);
});

test('short works share a slice', async (t) => {
  const { turns, turnsAt, work } = start();
  for (let i = 0; i < 6; i++) await turns.through(work(1, 4));
  t.deepEqual(turnsAt, [12, 24]);
});

test('what work throws is thrown, and a timer fires before long work has ended', async (t) => {
  const turns = new Turns({ sliceMs: 0 });
  let fired = false;
  const timer = setImmediate(() => {
    fired = true;
  });
  await turns.through(
    (function* () {
      while (!fired) yield;
    })(),
  );
  clearImmediate(timer);
  await t.throwsAsync(
    turns.through(
      // biome-ignore lint/correctness/useYield: it fails before it yields
      (function* (): Generator<void> {
        throw new Error('broken');
      })(),
    ),
    { message: 'broken' },
  );
});

test('work ends when its signal is aborted, and does not begin afterwards', async (t) => {
  const told = new AbortController();
  let steps = 0;
  const turns = new Turns({ sliceMs: 0, signal: told.signal });
  function* work(): Generator<void> {
    for (;;) {
      if (++steps === 3) told.abort(new Error('told to exit'));
      yield;
    }
  }
  await t.throwsAsync(turns.through(work()), { message: 'told to exit' });
  await t.throwsAsync(turns.through(work()), { message: 'told to exit' });
  t.is(steps, 3);
});
