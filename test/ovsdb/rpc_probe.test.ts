import { connect } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { until, when } from '../../lab/until.js';
import { RpcSession } from '../../src/ovsdb/rpc.js';
import { type Answers, startFakeServer } from './fake_server.js';

const PROBE_MS = 50;

/** Opens a session with a server in this process, so that beAway() blocks both. */
async function open(t: ExecutionContext, answers: Answers) {
  const server = await startFakeServer(answers);
  const socket = connect(server.path);
  const session = new RpcSession({ socket, notified: () => undefined, probeMs: PROBE_MS });
  let end: Error | undefined;
  void session.closed.then((reason) => {
    end = reason;
  });
  t.teardown(async () => {
    session.close();
    await server.dispose();
  });
  const probes = () => server.received.filter(({ method }) => method === 'echo').length;
  return { session, probes, ended: () => end };
}

/** Blocks this process, as if the machine were suspended. */
function beAway(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 4 * PROBE_MS);
}

test('a quiet server that answers probes is not given up', async (t) => {
  const { probes, ended } = await open(t, { echo: (params) => params });
  await until('probes', () => when(probes() >= 10 || ended() !== undefined));
  t.is(ended(), undefined);
});

test('a session survives a machine that is suspended before the first probe', async (t) => {
  const { session, probes, ended } = await open(t, { echo: (params) => params, list_dbs: () => ['db'] });
  t.deepEqual(await session.request('list_dbs', []), ['db']);
  beAway();
  await until('probes', () => when(probes() >= 2 || ended() !== undefined));
  t.is(ended(), undefined);
  t.deepEqual(await session.request('list_dbs', []), ['db']);
});

test('a session survives a machine that is suspended before it reads the answer to a probe', async (t) => {
  let isFirst = true;
  const { session, probes, ended } = await open(t, {
    echo: (params) => {
      // After this answer is sent.
      if (isFirst) process.nextTick(beAway);
      isFirst = false;
      return params;
    },
    list_dbs: () => ['db'],
  });
  await until('probes', () => when(probes() >= 3 || ended() !== undefined));
  t.is(ended(), undefined);
  t.deepEqual(await session.request('list_dbs', []), ['db']);
});
