import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { signal } from '../../lab/namespace.js';
import { startOvsdbServer } from '../../lab/ovsdb_server.js';
import { PROJECT } from '../../lab/project.js';
import { until, when } from '../../lab/until.js';
import { connect } from '../../src/ovsdb/client.js';
import { openVswitch } from '../../src/ovsdb/tables/open_vswitch.js';
import { startDeadMan } from '../../src/restart/dead_man.js';
import type { LocalDatabase } from '../../src/switch/connection.js';
import { isRestoreWaitSet, setRestoreWait } from '../../src/switch/restore_wait.js';
import { localDatabase } from '../switch/local_database.js';

const isCleared = (db: LocalDatabase) =>
  db.until(() => (isRestoreWaitSet(db) ? undefined : true), { what: 'the dead man', timeoutMs: 10_000 });

test('the flag is set and cleared, and other settings stay', async (t) => {
  const db = await localDatabase(t);
  const settings = () =>
    [...db.table('Open_vSwitch').values()].flatMap((row) => [...row.other_config.entries()]);
  const [root] = db.table('Open_vSwitch').keys();
  const txn = db.transaction('test');
  if (root !== undefined)
    txn.mutate('Open_vSwitch', root, { other_config: { set: { 'hw-offload': 'false' } } });
  await txn.commit();
  await setRestoreWait(db, true, 1_000);
  t.true(isRestoreWaitSet(db));
  await setRestoreWait(db, false, 1_000);
  t.deepEqual(settings(), [['hw-offload', 'false']]);
});

/** Starts a database with the flag set, and a client of it. */
async function waiting(t: ExecutionContext) {
  const server = await startOvsdbServer();
  t.teardown(() => server.dispose());
  const db = await connect(openVswitch, { remotes: server.remote });
  t.teardown(() => db.close());
  const txn = db.transaction('test');
  txn.insert('Open_vSwitch', {});
  await txn.commit();
  await setRestoreWait(db, true, 1_000);
  return { server, db };
}

test('a dead man clears the flag after its time, also if the process that started it was killed', async (t) => {
  const { server, db } = await waiting(t);
  const parent = spawn(
    process.execPath,
    [
      ...['--import=tsx', '--input-type=module', '-e'],
      `import { startDeadMan } from ${JSON.stringify(join(PROJECT, 'src/restart/dead_man.ts'))};
       await startDeadMan(${JSON.stringify(server.remote)}, 300);
       console.log('armed');
       setInterval(() => {}, 1000);`,
    ],
    { cwd: PROJECT, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  await once(parent.stdout, 'data');
  parent.kill('SIGKILL');
  await once(parent, 'exit');
  await isCleared(db);
  t.pass();
});

test('a dead man waits for a database that is away', async (t) => {
  const { server, db } = await waiting(t);
  await server.stop('SIGKILL');
  await startDeadMan(server.remote, 1);
  await server.start();
  await isCleared(db);
  t.pass();
});

test('a dead man that is called off ends', async (t) => {
  const { server, db } = await waiting(t);
  const { pid, callOff } = await startDeadMan(server.remote, 60_000);
  t.true(signal(pid, 0));
  callOff();
  await until('its end', () => when(!signal(pid, 0)));
  t.notThrows(callOff);
  t.true(isRestoreWaitSet(db));
});
