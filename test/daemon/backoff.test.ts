import test from 'ava';
import { Backoff } from '../../src/daemon/backoff.js';

const waits = (backoff: Backoff, count: number) => Array.from({ length: count }, () => backoff.next());

test('the wait doubles with each failure up to 8 s, and a success starts it over', (t) => {
  const backoff = new Backoff({ firstMs: 500 });
  t.deepEqual(waits(backoff, 6), [500, 1_000, 2_000, 4_000, 8_000, 8_000]);
  t.is(backoff.count, 6);
  backoff.reset();
  t.is(backoff.next(), 500);
});

test('what worked for a second starts the waits over, and what failed sooner does not', (t) => {
  const backoff = new Backoff({ firstMs: 10 });
  t.deepEqual([backoff.next(), backoff.next(999), backoff.next(1_000), backoff.next()], [10, 20, 10, 20]);
});

test('the wait stays at its limit however often something fails', (t) => {
  const backoff = new Backoff({ firstMs: 15, mostMs: 100 });
  t.is(waits(backoff, 3_000).at(-1), 100);
});

test('with a source of randomness each wait varies by 20 %', (t) => {
  t.is(new Backoff({ firstMs: 100, random: () => 0 }).next(), 80);
  t.is(Math.round(new Backoff({ firstMs: 100, random: () => 1 }).next()), 120);
});
