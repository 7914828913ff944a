import test from 'ava';
import { aborted, sleep } from '../../src/daemon/sleep.js';

const LONG_MS = 60_000;

test('a sleep ends when its signal is aborted, and does not start after an abort', async (t) => {
  const stop = new AbortController();
  const asleep = sleep(LONG_MS, stop.signal);
  stop.abort();
  await asleep;
  await sleep(LONG_MS, stop.signal);
  t.pass('both ended within the time limit of a test');
});

test('a sleep lasts for the given time', async (t) => {
  const began = performance.now();
  await sleep(30);
  t.true(performance.now() - began >= 29);
});

test('aborted resolves at the abort and not before', async (t) => {
  const stop = new AbortController();
  let isOver = false;
  const over = aborted(stop.signal).then(() => {
    isOver = true;
  });
  await Promise.resolve();
  t.false(isOver);
  stop.abort();
  await over;
  t.true(isOver);
  await aborted(stop.signal);
});
