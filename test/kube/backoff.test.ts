import test from 'ava';
import { Backoff } from '../../src/kube/backoff.js';
import { ApiError } from '../../src/kube/errors.js';

const REFUSED = new ApiError(503, 'GET', 'not now');
const SILENT = new ApiError(0, 'GET', 'no answer');
/** The middle of the range of each wait. */
const middle = () => 0.5;

test('the wait doubles with each refusal up to 8 s, and a success starts it over', (t) => {
  const backoff = new Backoff(middle);
  const waits = Array.from({ length: 8 }, () => Math.round(backoff.after(REFUSED)));
  t.deepEqual(waits, [800, 1600, 3200, 6400, 8000, 8000, 8000, 8000]);
  backoff.reset();
  t.is(Math.round(backoff.after(REFUSED)), 800);
});

test('without an answer the wait stays at 0.4 s and does not lengthen the wait after a refusal', (t) => {
  const backoff = new Backoff(middle);
  for (let i = 0; i < 100; i++) t.is(Math.round(backoff.after(SILENT)), 400);
  t.is(Math.round(backoff.after(REFUSED)), 800);
  t.is(Math.round(backoff.after(REFUSED)), 1600);
});

test('each wait varies by 20 %', (t) => {
  t.is(Math.round(new Backoff(() => 0).after(REFUSED)), 640);
  t.is(Math.round(new Backoff(() => 1).after(REFUSED)), 960);
});
