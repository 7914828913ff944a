import test from 'ava';
import { until, when } from '../../lab/until.js';
import { SILENT } from '../../src/daemon/log.js';
import { Problems } from '../../src/daemon/problems.js';
import { apiServer, databaseServers, ServerAddresses } from '../../src/kube/server_addresses.js';

test('the databases of external_ids and the API server are servers, by name or address', (t) => {
  const ids = new Map([
    ['ovn-nb', 'tcp:203.0.113.10:6641,ssl:[2001:db8::10]:6641'],
    ['ovn-remote', 'ssl:central.example:6642'],
  ]);
  t.deepEqual(
    databaseServers(ids).map(({ host }) => host),
    ['203.0.113.10', '2001:db8::10', 'central.example'],
  );
  t.deepEqual(databaseServers(new Map([['ovn-nb', 'unix:/run/ovnnb_db.sock']])), []);
  t.deepEqual(databaseServers(new Map([['ovn-nb', 'nonsense']])), []);
  t.is(apiServer(new URL('https://[2001:db8::10]:6443')).host, '2001:db8::10');
});

test('a name is resolved, and keeps its last addresses while it cannot be', async (t) => {
  const problems = new Problems(SILENT);
  const answers: (readonly string[] | Error)[] = [new Error('SERVFAIL'), ['203.0.113.10'], new Error('late')];
  let asked = 0;
  const source = new ServerAddresses({
    servers: () => [
      { host: 'api.example', what: 'the address of the API server' },
      { host: '203.0.113.12', what: 'the address of external_ids:ovn-nb' },
    ],
    problems,
    changed: () => undefined,
    lookup: async () => {
      const answer = answers[asked++] ?? new Error('late');
      if (answer instanceof Error) throw answer;
      return answer;
    },
  });
  t.is(source.claims, undefined);
  const stop = new AbortController();
  const running = source.run(stop.signal);
  const addresses = () => source.claims?.map(({ network }) => String(network.address));
  await until('the first look', () => when(addresses()?.join() === '203.0.113.12'));
  t.regex(problems.current.join(), /^api\.example, the API server, cannot be resolved: SERVFAIL/);
  source.look();
  await until('the answer', () => when(addresses()?.join() === '203.0.113.10,203.0.113.12'));
  t.deepEqual(problems.current, []);
  source.look();
  await until('the problem', () => when(problems.current.length === 1));
  t.deepEqual(addresses(), ['203.0.113.10', '203.0.113.12']);
  stop.abort();
  await running;
});
