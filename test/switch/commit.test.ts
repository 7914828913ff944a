import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { startOvsdbServer } from '../../lab/ovsdb_server.js';
import { UnixctlServer } from '../../src/daemon/unixctl_server.js';
import { awaitAnswer, awaitSwitch, untilSwitch } from '../../src/switch/commit.js';
import { connectLocalDatabase, type LocalDatabase } from '../../src/switch/connection.js';

/** A real database with an Open_vSwitch row, and no ovs-vswitchd: the test plays it. */
async function begin(t: ExecutionContext): Promise<LocalDatabase> {
  const server = await startOvsdbServer();
  t.teardown(() => server.dispose());
  const db = await connectLocalDatabase(server.remote, 5_000);
  t.teardown(() => db.close());
  const txn = db.transaction('init');
  txn.insert('Open_vSwitch', {});
  await txn.commit();
  return db;
}

/** Sets `cur_cfg` after each change of `next_cfg`, but for the first `lost` writes. */
function playSwitch(db: LocalDatabase, { lost = 0 } = {}): { readonly asked: () => number } {
  const seen = new Set<number>();
  db.onChange(() => {
    for (const { _uuid, next_cfg, cur_cfg } of db.table('Open_vSwitch').values()) {
      if (next_cfg === cur_cfg || seen.has(next_cfg)) continue;
      seen.add(next_cfg);
      if (seen.size <= lost) continue;
      const txn = db.transaction('applied');
      txn.update('Open_vSwitch', _uuid, { cur_cfg: next_cfg });
      void txn.commit();
    }
  });
  return { asked: () => seen.size };
}

test('ovs-vswitchd that answers is asked once', async (t) => {
  const db = await begin(t);
  const { asked } = playSwitch(db);
  await awaitSwitch(db, 5_000);
  t.is(asked(), 1);
});

test('ovs-vswitchd whose write was lost is asked again until it answers', async (t) => {
  const db = await begin(t);
  const { asked } = playSwitch(db, { lost: 2 });
  await awaitSwitch(db, 10_000);
  t.is(asked(), 3);
});

test('ovs-vswitchd that never answers is waited for until the time is over', async (t) => {
  const db = await begin(t);
  const began = performance.now();
  await t.throwsAsync(awaitSwitch(db, 800), {
    code: 'ERR_WAIT_EXPIRED',
    message: /^waited 800 ms for ovs-vswitchd to apply the configuration: ovs-vswitchd /,
  });
  t.true(performance.now() - began >= 790);
});

test('ovs-vswitchd with a control socket is asked there, and the database does not change', async (t) => {
  const rundir = mkdtempSync(join(tmpdir(), 'commit-'));
  t.teardown(() => rmSync(rundir, { recursive: true }));
  const db = await begin(t);
  const { asked } = playSwitch(db);
  await awaitAnswer(db, 5_000, rundir);
  t.is(asked(), 1, 'without a pidfile');
  writeFileSync(join(rundir, 'ovs-vswitchd.pid'), `${process.pid}\n`);
  const server = new UnixctlServer(join(rundir, `ovs-vswitchd.${process.pid}.ctl`));
  server.register('version', '', 0, 0, () => 'ovs-vswitchd 3.1');
  await server.listen();
  t.teardown(() => server.close());
  await awaitAnswer(db, 5_000, rundir);
  t.is(asked(), 1);
});

test('an existing row is returned without a change of the database', async (t) => {
  const db = await begin(t);
  const { asked } = playSwitch(db);
  t.is(await untilSwitch(db, () => 'open', { timeoutMs: 5_000, what: 'a port' }), 'open');
  t.is(asked(), 0);
});
