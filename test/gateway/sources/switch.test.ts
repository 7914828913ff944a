import test from 'ava';
import { until, when } from '../../../lab/until.js';
import { SILENT } from '../../../src/daemon/log.js';
import { Problems } from '../../../src/daemon/problems.js';
import { SwitchSource } from '../../../src/gateway/sources/switch.js';
import type { SwitchNews } from '../../../src/openflow/channel.js';

const NEVER_MS = 60_000;

/** A source, and `tell`, which sends it an event of the switch. */
function begin(startMs = NEVER_MS) {
  const stop = new AbortController();
  const problems = new Problems(SILENT);
  const received: SwitchNews[] = [];
  const switched = { tell: (_news: SwitchNews) => {}, reason: undefined as string | undefined };
  const source = new SwitchSource({
    bridge: 'breth0',
    channel: {
      watch: (listener) => {
        switched.tell = listener;
      },
      reason: () => switched.reason,
    },
    problems,
    onNews: (news) => received.push(news),
    startMs,
  });
  const running = source.run(stop.signal);
  const end = () => {
    stop.abort();
    return running;
  };
  return { source, problems, received, switched, end };
}

test('each event of the switch is passed on, and each return after the first start counts as a restart', async (t) => {
  const { source, received, switched, end } = begin();
  for (const news of ['up', 'changed', 'down', 'up'] as const) switched.tell(news);
  t.deepEqual(received, ['up', 'changed', 'down', 'up']);
  t.is(source.restarts, 1);
  await end();
});

test('a switch that went away is a problem until it is back', async (t) => {
  const { problems, switched, end } = begin();
  switched.tell('up');
  t.deepEqual(problems.current, []);
  switched.tell('down');
  t.deepEqual(problems.current, ['breth0: ovs-vswitchd does not answer']);
  switched.tell('up');
  t.deepEqual(problems.current, []);
  await end();
});

test('a switch that has not answered is a problem only after its time to start', async (t) => {
  const { source, problems, end } = begin(5);
  source.report();
  t.deepEqual(problems.current, []);
  await until('the switch to be reported', () => when(problems.current.length > 0));
  t.deepEqual(problems.current, ['breth0: ovs-vswitchd does not answer']);
  await end();
});

test('the next report has the reason that the channel found', async (t) => {
  const { source, problems, switched, end } = begin();
  switched.tell('up');
  switched.tell('down');
  switched.reason = 'it speaks OpenFlow 1.0 only';
  source.report();
  t.deepEqual(problems.current, ['breth0: it speaks OpenFlow 1.0 only']);
  await end();
});

test('a helper that ends while the switch starts reports nothing', async (t) => {
  const { problems, end } = begin();
  await end();
  t.deepEqual(problems.current, []);
});
