import test from 'ava';
import { Ticks } from '../../src/top/ticks.js';

test('ticks come at the interval', async (t) => {
  const ticks = new Ticks(30);
  const start = performance.now();
  t.true(await ticks.next());
  t.true(await ticks.next());
  // A timer can fire up to 1 ms early.
  t.true(performance.now() - start >= 58);
});

test('a stop ends the wait at once, and there is no tick after it', async (t) => {
  const ticks = new Ticks(60_000);
  const waiting = ticks.next();
  ticks.stop();
  t.false(await waiting);
  t.false(await ticks.next());
});
