import test, { type ExecutionContext } from 'ava';
import { until, when } from '../../lab/until.js';
import { Inactivity } from '../../src/net/inactivity.js';

const PROBE_MS = 50;

/** Looks at a peer; `onAsk` is called with how often it was asked, and answers whether it says something. */
function watch(t: ExecutionContext, onAsk: (times: number) => boolean) {
  const events: string[] = [];
  const inactivity = new Inactivity({
    probeMs: PROBE_MS,
    ask: () => {
      events.push('ask');
      if (onAsk(events.length)) inactivity.heard();
    },
    giveUp: () => {
      events.push('give up');
      inactivity.stop();
    },
  });
  t.teardown(() => inactivity.stop());
  return events;
}

/** As a machine that is suspended, or a process that has much to do. */
function beAway(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 4 * PROBE_MS);
}

test('a peer that says nothing is asked, and then given up', async (t) => {
  const events = watch(t, () => false);
  await until('the end', () => when(events.includes('give up')));
  t.is(events[0], 'ask');
});

test('a peer that answers is asked again and again', async (t) => {
  const events = watch(t, () => true);
  await until('the fourth question', () => when(events.length === 4));
  t.false(events.includes('give up'));
});

test('a peer whose answer could not come while this process was away is asked again', async (t) => {
  const events = watch(t, (times) => {
    if (times === 1) beAway();
    return times > 1;
  });
  await until('more questions', () => when(events.length === 4));
  t.deepEqual(events, ['ask', 'ask', 'ask', 'ask']);
});

test('a peer that says nothing after that either is given up', async (t) => {
  const events = watch(t, (times) => {
    if (times === 1) beAway();
    return false;
  });
  await until('the end', () => when(events.includes('give up')));
  t.deepEqual(events.slice(0, 2), ['ask', 'ask']);
});
