import test from 'ava';
import { until, when } from '../../lab/until.js';
import { NorthboundSource } from '../../src/gateway/northbound_source.js';

test('remotes that cannot be read are a problem, and nothing else stands still', async (t) => {
  const stop = new AbortController();
  const source = new NorthboundSource({
    remotes: '203.0.113.10:6641',
    sysconf: '/nonexistent',
    changed: () => undefined,
    signal: stop.signal,
  });
  await until('the problem', () => when(source.problem !== undefined));
  t.regex(source.problem ?? '', /203\.0\.113\.10:6641/);
  stop.abort();
});
