import test from 'ava';
import { Backoff } from '../../src/kube/backoff.js';
import { ApiError } from '../../src/kube/errors.js';

const REFUSED = new ApiError(503, 'GET', 'not now');
const SILENT = new ApiError(0, 'GET', 'no answer');
/** In the middle of what each wait varies by. */
const middle = () => 0.5;

test('a server that refuses is asked ever less often, until it has answered', (t) => {
  const backoff = new Backoff(middle);
  const waits = Array.from({ length: 8 }, () => Math.round(backoff.after(REFUSED)));
  t.deepEqual(waits, [800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
  backoff.reset();
  t.is(Math.round(backoff.after(REFUSED)), 800);
});

test('a server that is away is asked twice a second, and how long it was away does not count after', (t) => {
  const backoff = new Backoff(middle);
  for (let i = 0; i < 100; i++) t.is(Math.round(backoff.after(SILENT)), 400);
  t.is(Math.round(backoff.after(REFUSED)), 800);
  t.is(Math.round(backoff.after(REFUSED)), 1600);
});

test('each wait varies by a fifth', (t) => {
  t.is(Math.round(new Backoff(() => 0).after(REFUSED)), 640);
  t.is(Math.round(new Backoff(() => 1).after(REFUSED)), 960);
});
