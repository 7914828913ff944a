import { getEventListeners } from 'node:events';
import test from 'ava';
import { withDeadline } from '../../src/daemon/deadline.js';
import { aborted } from '../../src/daemon/sleep.js';

test('work that is done in time leaves nothing behind on the signal', async (t) => {
  const { signal } = new AbortController();
  const seen = new Set<boolean>();
  for (let i = 0; i < 100; i++)
    seen.add(await withDeadline(signal, 60_000, async (either) => either.aborted));
  t.deepEqual([...seen], [false]);
  t.is(getEventListeners(signal, 'abort').length, 0);
});

test('work is aborted at its deadline, with the time in the reason', async (t) => {
  const reason = await withDeadline(undefined, 5, async (either) => {
    await aborted(either);
    return either.reason;
  });
  t.is(reason.name, 'TimeoutError');
  t.is(reason.message, 'not done after 5 ms');
});

test('work is aborted with the signal, before it starts or later', async (t) => {
  const stop = new AbortController();
  const later = withDeadline(stop.signal, 60_000, (either) => aborted(either));
  stop.abort();
  await later;
  t.true(await withDeadline(stop.signal, 60_000, async (either) => either.aborted));
});
