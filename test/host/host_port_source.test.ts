import test from 'ava';
import { until, when } from '../../lab/until.js';
import { SILENT } from '../../src/daemon/log.js';
import { Problems } from '../../src/daemon/problems.js';
import { HostPortSource, type HostPorts } from '../../src/host/host_port_source.js';

test('the sockets are read once a port is wanted, again for another port, and again when asked', async (t) => {
  const ephemeral = { lo: 32_768, hi: 60_999 };
  let reads = 0;
  let answer: HostPorts | Error = { sockets: [], ephemeral };
  const problems = new Problems(SILENT);
  const source = new HostPortSource({
    problems,
    changed: () => undefined,
    read: async () => {
      reads++;
      if (answer instanceof Error) throw answer;
      return answer;
    },
  });
  const stop = new AbortController();
  const running = source.run(stop.signal);
  source.look();
  t.is(source.portsFor([]), undefined);
  t.is(source.portsFor(['tcp 8081']), undefined);
  await until('the first look', () => when(source.portsFor(['tcp 8081']) === answer));
  t.is(reads, 1);
  t.is(source.portsFor(['tcp 8081', 'tcp 8082']), undefined, 'a listener may have come since');
  await until('the second look', () => when(source.portsFor(['tcp 8081', 'tcp 8082']) !== undefined));
  answer = new Error('there is no ss');
  source.look();
  await until('the problem', () => when(/there is no ss/.test(problems.current.join())));
  t.not(source.portsFor(['tcp 8081', 'tcp 8082']), undefined);
  stop.abort();
  await running;
});

test('wishes that change again and again read the sockets no more than once in the pause', async (t) => {
  let reads = 0;
  const source: HostPortSource = new HostPortSource({
    problems: new Problems(SILENT),
    // The author of a Service changes its port at once, for ever.
    changed: () => source.portsFor([`tcp ${8000 + reads}`]),
    read: async () => {
      reads++;
      return { sockets: [], ephemeral: { lo: 32_768, hi: 60_999 } };
    },
  });
  const stop = new AbortController();
  const began = performance.now();
  const running = source.run(stop.signal);
  source.portsFor(['tcp 8000']);
  await until('three looks', () => when(reads === 3));
  t.true(performance.now() - began >= 1_900);
  stop.abort();
  await running;
});
