import test from 'ava';
import { readLocalSwitch } from '../../../src/doctor/facts/local.js';
import { findBridge } from '../../../src/switch/bridges.js';
import { rootOf } from '../../../src/switch/connection.js';
import { addPort } from '../../../src/switch/ports.js';
import { localDatabase, write } from '../../switch/local_database.js';

test("bridges are read with their interfaces, and an unset datapath means the kernel's", async (t) => {
  const db = await localDatabase(t, { bridges: ['breth0'] });
  await write(db, (txn) => {
    const bridge = findBridge(db, 'breth0');
    if (bridge !== undefined) addPort(txn, bridge._uuid, 'eth0', { external_ids: new Map([['a', 'b']]) });
    txn.update('Open_vSwitch', rootOf(db), { datapath_types: ['netdev'], iface_types: ['geneve'] });
  });
  const { bridges, datapathTypes, ifaceTypes } = readLocalSwitch(db, true);
  t.deepEqual([datapathTypes, ifaceTypes], [['netdev'], ['geneve']]);
  t.deepEqual(
    bridges.map(({ name, datapath, failMode }) => ({ name, datapath, failMode })),
    [{ name: 'breth0', datapath: 'system', failMode: undefined }],
  );
  const interfaces = bridges[0]?.interfaces ?? [];
  t.deepEqual(interfaces.map(({ name, type, externalIds }) => [name, type, externalIds.size]).toSorted(), [
    ['breth0', 'internal', 0],
    ['eth0', '', 1],
  ]);
});

test('the switch is settled once ovs-vswitchd has applied the last change', async (t) => {
  const db = await localDatabase(t);
  const isSettled = () => readLocalSwitch(db, true).isSettled;
  t.true(isSettled());
  await write(db, (txn) => txn.increment('Open_vSwitch', rootOf(db), 'next_cfg'));
  t.false(isSettled());
  await write(db, (txn) => txn.increment('Open_vSwitch', rootOf(db), 'cur_cfg'));
  t.true(isSettled());
});
