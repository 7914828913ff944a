import test from 'ava';
import { type OvsdbServer, startOvsdbServer } from '../../lab/ovsdb_server.js';
import { SILENT } from '../../src/daemon/log.js';
import { Problems } from '../../src/daemon/problems.js';
import { applyPatchPair, withdrawPatchPair } from '../../src/gateway/apply_patch_pair.js';
import { BridgeSource } from '../../src/gateway/sources/bridge.js';
import { connect } from '../../src/ovsdb/client.js';
import { openVswitch } from '../../src/ovsdb/tables/open_vswitch.js';
import type { LocalDatabase } from '../../src/switch/connection.js';

const HERE = 'k8s-patch-breth0-br-int';
const THERE = 'k8s-patch-br-int-breth0';

let server: OvsdbServer;
let db: LocalDatabase;
test.before(async () => {
  server = await startOvsdbServer();
  db = await connect(openVswitch, { remotes: server.remote });
  const txn = db.transaction('two bridges');
  const bridges = ['breth0', 'br-int'].map((name) => txn.insert('Bridge', { name }));
  txn.insert('Open_vSwitch', { bridges });
  await txn.commit();
  await db.until(() => db.find('Bridge', ({ name }) => name === 'breth0'), { what: 'the bridges' });
});
test.after.always(async () => {
  db?.close();
  await server?.dispose();
});

function bridgeFacts(ids: Readonly<Record<string, string>>) {
  const { facts } = new BridgeSource(db, 'breth0', () => undefined, new Problems(SILENT));
  if (facts === undefined) throw new Error('there is no breth0');
  return { ...facts, externalIds: new Map(Object.entries(ids)) };
}

function interfaceNamed(name: string) {
  return db.find('Interface', (row) => row.name === name);
}

test.serial('a bridge without a node name gets no patch ports', async (t) => {
  await applyPatchPair(db, bridgeFacts({}));
  t.is(db.table('Interface').size, 0);
});

test.serial('both ends are made, and OVN knows its end by the name of the node', async (t) => {
  await applyPatchPair(db, bridgeFacts({ 'k8s-node-name': 'gw' }));
  const there = await db.until(() => interfaceNamed(THERE), { what: "OVN's end" });
  t.is(there.external_ids.get('iface-id'), 'breth0_gw');
  t.is(there.options.get('peer'), HERE);
  t.is(interfaceNamed(HERE)?.options.get('peer'), THERE);
});

test.serial('a complete pair is left alone', async (t) => {
  const before = [...db.table('Interface').keys()];
  await applyPatchPair(db, bridgeFacts({ 'k8s-node-name': 'gw' }));
  t.deepEqual([...db.table('Interface').keys()], before);
  t.is(before.length, 2);
});

test.serial('a pair that is withdrawn keeps its ends, and OVN loses its name', async (t) => {
  await withdrawPatchPair(db, 'breth0', 5_000);
  const there = () => interfaceNamed(THERE)?.external_ids;
  await db.until(() => (there()?.has('iface-id') === false ? true : undefined), { what: 'no iface-id' });
  await applyPatchPair(db, bridgeFacts({ 'k8s-node-name': 'gw' }));
  await db.until(() => there()?.get('iface-id'), { what: 'the iface-id' });
  t.is(there()?.get('iface-id'), 'breth0_gw');
});
