import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import { startOvsdbServer } from '../../lab/ovsdb_server.js';
import type { Snapshot } from '../../src/host/snapshot.js';
import { addBridge } from '../../src/nic/bridge_step.js';
import { Plan } from '../../src/nic/plan.js';
import { findBridge, settingsOf } from '../../src/switch/bridges.js';
import { connectLocalDatabase, type LocalDatabase } from '../../src/switch/connection.js';

const NEVER = new AbortController().signal;
const MAC = '0a:58:cb:00:71:0a';
const NIC: Snapshot = {
  device: 'eth0',
  link: { ifindex: 2, ifname: 'eth0', address: MAC, mtu: 1450, flags: ['UP'] },
  ...{ addresses: [], routes: [], rules: [], neighbours: [] },
};
const RIGHT = [
  ...['set', 'Bridge', 'breth0', 'fail_mode=standalone', `other_config:hwaddr="${MAC}"`],
  ...['external_ids:bridge-id=breth0', '--', 'set', 'Interface', 'breth0', 'mtu_request=1450'],
];

/** A real ovsdb-server after these commands of ovs-vsctl; the test plays ovs-vswitchd. */
async function begin(t: ExecutionContext, ...args: readonly string[]): Promise<LocalDatabase> {
  const server = await startOvsdbServer();
  t.teardown(() => server.dispose());
  await execa('ovs-vsctl', [`--db=${server.remote}`, '--no-wait', 'init', ...args]);
  const db = await connectLocalDatabase(server.remote, 5_000);
  t.teardown(() => db.close());
  db.onChange(() => {
    for (const { _uuid, next_cfg, cur_cfg } of db.table('Open_vSwitch').values()) {
      if (next_cfg === cur_cfg) continue;
      const txn = db.transaction('applied');
      txn.update('Open_vSwitch', _uuid, { cur_cfg: next_cfg });
      // The server may end before it answers.
      void txn.commit().catch(() => undefined);
    }
  });
  return db;
}

function planned(db: LocalDatabase): Plan {
  const plan = new Plan();
  addBridge(plan, db, NIC, { bridge: 'breth0', datapath: 'netdev', timeoutMs: 5_000 });
  return plan;
}

function settings(db: LocalDatabase) {
  const row = findBridge(db, 'breth0');
  return row && settingsOf(db, row);
}

test("a missing bridge is made with the NIC's MAC and MTU", async (t) => {
  const db = await begin(t);
  t.is(
    String(planned(db)),
    `1. make bridge breth0\n     datapath netdev, fail-mode standalone, MAC ${MAC}, MTU 1450\n`,
  );
});

test('a bridge that was not made needs no undo, and nothing is written', async (t) => {
  // The name of an interface is unique in the database.
  const db = await begin(t, '--', 'add-br', 'other', '--', 'add-port', 'other', 'breth0');
  const plan = planned(db);
  await t.throwsAsync(plan.run(NEVER), { code: 'ERR_STEP_FAILED', message: /make bridge breth0, failed/ });
  t.deepEqual(await plan.undo(), []);
  t.is([...db.table('Open_vSwitch').values()][0]?.next_cfg, 0);
});

test('a bridge that is right has no step', async (t) => {
  const db = await begin(t, '--', 'add-br', 'breth0', '--', ...RIGHT);
  t.is(String(planned(db)), '');
});

test('a bridge that differs is set up, and its own settings are restored by the undo', async (t) => {
  const db = await begin(t, '--', 'add-br', 'breth0', '--', 'set', 'Bridge', 'breth0', 'fail_mode=secure');
  const before = settings(db);
  t.is(before?.failMode, 'secure');
  const plan = planned(db);
  await plan.run(NEVER);
  t.deepEqual(settings(db), { failMode: 'standalone', hwaddr: MAC, bridgeId: 'breth0', mtu: 1450 });
  t.deepEqual(await plan.undo(), []);
  t.deepEqual(settings(db), before);
});
