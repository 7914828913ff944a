import test from 'ava';
import {
  bestDatapath,
  deleteBridge,
  findBridge,
  insertBridge,
  nicsOf,
  otherPortsOf,
  settingsOf,
} from '../../src/switch/bridges.js';
import { type LocalDatabase, rootOf } from '../../src/switch/connection.js';
import { completePatchPair } from '../../src/switch/patch_pair.js';
import { addPort, findInterface } from '../../src/switch/ports.js';
import { localDatabase, portsOf, write } from './local_database.js';

function bridgeRow(db: LocalDatabase, name: string) {
  const row = findBridge(db, name);
  if (row === undefined) throw new Error(`there is no bridge ${name}`);
  return row;
}

test('a bridge is inserted with its LOCAL port and its settings', async (t) => {
  const db = await localDatabase(t, { bridges: ['br0'] });
  const columns = {
    fail_mode: 'standalone',
    other_config: new Map([['hwaddr', '02:00:00:00:00:01']]),
    external_ids: new Map([['bridge-id', 'breth0']]),
  };
  await write(db, (txn) => insertBridge(db, txn, 'breth0', columns, 9000));
  t.deepEqual(settingsOf(db, bridgeRow(db, 'breth0')), {
    failMode: 'standalone',
    hwaddr: '02:00:00:00:00:01',
    bridgeId: 'breth0',
    mtu: 9000,
  });
  t.is(findInterface(db, 'breth0')?.type, 'internal');
  t.is(db.table('Open_vSwitch').get(rootOf(db))?.bridges.length, 2);
});

test("a bridge's NICs are its kernel devices, and its other ports all but LOCAL and the NIC", async (t) => {
  const db = await localDatabase(t, { bridges: ['breth0'] });
  const { _uuid } = bridgeRow(db, 'breth0');
  await write(db, (txn) => {
    addPort(txn, _uuid, 'eth0');
    addPort(txn, _uuid, 'eth1', { type: 'system' });
    addPort(txn, _uuid, 'vx', { type: 'vxlan' });
    addPort(txn, _uuid, 'patch0', { type: 'patch', options: new Map([['peer', 'x']]) });
  });
  const row = bridgeRow(db, 'breth0');
  t.deepEqual(nicsOf(db, row).toSorted(), ['eth0', 'eth1']);
  t.deepEqual(otherPortsOf(db, row, 'eth0').toSorted(), ['eth1', 'patch0', 'vx']);
});

test('deleting a bridge deletes the patch ports that lead to it, and no other port', async (t) => {
  const db = await localDatabase(t, { bridges: ['breth0', 'breth1', 'br-int'] });
  for (const bridge of ['breth0', 'breth1'])
    await write(db, (txn) =>
      completePatchPair(db, txn, {
        bridge,
        integration: 'br-int',
        logicalPort: `${bridge}_gw1`,
        isReady: true,
      }),
    );
  await deleteBridge(db, 'breth0', 5_000);
  t.is(findBridge(db, 'breth0'), undefined);
  t.deepEqual(portsOf(db, 'br-int'), ['br-int', 'k8s-patch-br-int-breth1']);
  t.deepEqual(portsOf(db, 'breth1'), ['breth1', 'k8s-patch-breth1-br-int']);
  await deleteBridge(db, 'breth0', 5_000);
  t.is(db.table('Bridge').size, 2);
});

test("the datapath is the kernel's if ovs-vswitchd and the kernel have it", async (t) => {
  const db = await localDatabase(t);
  t.is(bestDatapath(db, true), 'netdev');
  await write(db, (txn) => txn.update('Open_vSwitch', rootOf(db), { datapath_types: ['netdev', 'system'] }));
  t.is(bestDatapath(db, true), 'system');
  t.is(bestDatapath(db, false), 'netdev');
});
