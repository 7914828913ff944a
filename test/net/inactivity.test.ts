import test, { type ExecutionContext } from 'ava';
import { until, when } from '../../lab/until.js';
import { Inactivity } from '../../src/net/inactivity.js';

const PROBE_MS = 50;

/** Watches a peer. `onAsk` gets the number of keepalives so far, and returns whether the peer answers. */
function watch(t: ExecutionContext, onAsk: (times: number) => boolean) {
  const events: string[] = [];
  const inactivity = new Inactivity({
    probeMs: PROBE_MS,
    ask: () => {
      events.push('ask');
      if (onAsk(events.length)) inactivity.received();
    },
    giveUp: () => {
      events.push('give up');
      inactivity.stop();
    },
  });
  t.teardown(() => inactivity.stop());
  return events;
}

/** Blocks this process, as if it were suspended or busy. */
function beAway(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 4 * PROBE_MS);
}

test('a silent peer is sent a keepalive, then given up', async (t) => {
  const events = watch(t, () => false);
  await until('the end', () => when(events.includes('give up')));
  t.is(events[0], 'ask');
});

test('a peer that answers keepalives is kept', async (t) => {
  const events = watch(t, () => true);
  await until('the fourth keepalive', () => when(events.length === 4));
  t.false(events.includes('give up'));
});

test('a peer whose answer this process could not receive is sent another keepalive', async (t) => {
  const events = watch(t, (times) => {
    if (times === 1) beAway();
    return times > 1;
  });
  await until('more keepalives', () => when(events.length === 4));
  t.deepEqual(events, ['ask', 'ask', 'ask', 'ask']);
});

test('a peer that does not answer that keepalive either is given up', async (t) => {
  const events = watch(t, (times) => {
    if (times === 1) beAway();
    return false;
  });
  await until('the end', () => when(events.includes('give up')));
  t.deepEqual(events.slice(0, 2), ['ask', 'ask']);
});

test('a large message that comes slowly counts, a few octets of one do not', async (t) => {
  const receive = (bytes: number) => {
    const events: string[] = [];
    const inactivity = new Inactivity({
      probeMs: PROBE_MS,
      ask: () => events.push('ask'),
      giveUp: () => events.push('give up'),
    });
    const coming = setInterval(() => inactivity.receivedPart(bytes), PROBE_MS / 5);
    t.teardown(() => {
      inactivity.stop();
      clearInterval(coming);
    });
    return events;
  };
  const [large, octets] = [receive(64 * 1024), receive(1)];
  await until('the silent peer to be given up', () => when(octets.includes('give up')));
  t.false(large.includes('give up'));
});
