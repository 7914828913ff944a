import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { startOvsdbServer } from '../../lab/ovsdb_server.js';
import { until, when } from '../../lab/until.js';
import { SILENT } from '../../src/daemon/log.js';
import { Problems } from '../../src/daemon/problems.js';
import { awaitNorthbound } from '../../src/watcher/await_northbound.js';

const LATE_MS = 500;

/** A real northbound server behind a slow link: each of its answers is late. Returns its remote. */
async function slowServer(t: ExecutionContext): Promise<string> {
  const server = await startOvsdbServer({ schema: 'OVN_Northbound' });
  const directory = await mkdtemp(join(tmpdir(), 'slow-'));
  const path = join(directory, 'nb.sock');
  const link = createServer((client) => {
    const far = connect(server.remote.replace('unix:', ''));
    client.pipe(far);
    far.on('data', (chunk) => setTimeout(() => client.write(chunk), LATE_MS));
    for (const socket of [client, far]) {
      socket.on('error', () => undefined);
      socket.on('close', () => {
        client.destroy();
        far.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => link.listen(path, resolve));
  t.teardown(async () => {
    link.close();
    await server.dispose();
    await rm(directory, { recursive: true });
  });
  return `unix:${path}`;
}

test('a northbound database whose first copy takes more than a second is followed, and reported while it is late', async (t) => {
  const remote = await slowServer(t);
  const problems = new Problems(SILENT);
  const found = awaitNorthbound(new Map([['ovn-nb', remote]]), problems, new AbortController().signal);
  const waiting = ['waiting for the OVN_Northbound database'];
  await until('the problem', () => when(problems.current.join() === waiting.join()));
  const nb = await found;
  t.deepEqual(problems.current, []);
  t.true(nb?.isConnected);
  nb?.close();
});

test('a database that appears is connected to soon, and an attempt ends with the signal', async (t) => {
  const server = await startOvsdbServer({ schema: 'OVN_Northbound' });
  t.teardown(() => server.dispose());
  await server.stop();
  const problems = new Problems(SILENT);
  const ids = new Map([['ovn-nb', server.remote]]);
  const found = awaitNorthbound(ids, problems, new AbortController().signal);
  await until('the problem', () => when(problems.current.length > 0));
  await server.start();
  const began = performance.now();
  const nb = await found;
  t.true(performance.now() - began < 1_000);
  nb?.close();

  const stop = new AbortController();
  await server.stop();
  const never = awaitNorthbound(ids, problems, stop.signal);
  stop.abort();
  t.is(await never, undefined);
});
