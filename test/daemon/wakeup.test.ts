import test from 'ava';
import { Wakeup } from '../../src/daemon/wakeup.js';

const LONG_MS = 60_000;

test('a ring ends a wait, even if it came before the wait', async (t) => {
  const wakeup = new Wakeup();
  const { signal } = new AbortController();
  const waited = wakeup.wait(LONG_MS, signal);
  wakeup.ring();
  t.true(await waited);
  wakeup.ring();
  t.true(await wakeup.wait(LONG_MS, signal));
  t.false(await wakeup.wait(1, signal));
});

test('an abort ends the current wait, the first with that signal or a later one', async (t) => {
  const [before, stop] = [new AbortController(), new AbortController()];
  const wakeup = new Wakeup();
  await wakeup.wait(1, before.signal);
  await wakeup.wait(1, stop.signal);
  const waited = wakeup.wait(LONG_MS, stop.signal);
  stop.abort();
  t.false(await waited);
  t.false(await wakeup.wait(LONG_MS, stop.signal));
});
