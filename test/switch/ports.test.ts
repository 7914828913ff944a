import test from 'ava';
import { findBridge } from '../../src/switch/bridges.js';
import type { LocalDatabase } from '../../src/switch/connection.js';
import { addPort, bridgeOf, ensurePort, findInterface, removePort } from '../../src/switch/ports.js';
import { added, localDatabase, portsOf, write } from './local_database.js';

function uuidOf(db: LocalDatabase, bridge: string) {
  const row = findBridge(db, bridge);
  if (row === undefined) throw new Error(`there is no bridge ${bridge}`);
  return row._uuid;
}

test('a port is added with the columns of its interface', async (t) => {
  const db = await localDatabase(t, { bridges: ['br0', 'br1'] });
  const ids = new Map([['iface-id', 'p']]);
  await write(db, (txn) => addPort(txn, uuidOf(db, 'br1'), 'p', { type: 'internal', external_ids: ids }));
  t.like(findInterface(db, 'p'), { name: 'p', type: 'internal', external_ids: ids });
  t.is(bridgeOf(db, 'p')?.name, 'br1');
  t.deepEqual(portsOf(db, 'br0'), ['br0']);
});

test('a port is removed from its bridge with its interface, and no other port is', async (t) => {
  const db = await localDatabase(t, { bridges: ['br0', 'br1'] });
  await write(db, (txn) => {
    addPort(txn, uuidOf(db, 'br0'), 'p');
    addPort(txn, uuidOf(db, 'br0'), 'q');
  });
  await write(db, (txn) => removePort(db, txn, 'p'));
  t.is(findInterface(db, 'p'), undefined);
  t.is(bridgeOf(db, 'p'), undefined);
  t.deepEqual(portsOf(db, 'br0'), ['br0', 'q']);
  t.deepEqual(portsOf(db, 'br1'), ['br1']);
});

test('removing a port that no bridge has changes nothing', async (t) => {
  const db = await localDatabase(t, { bridges: ['br0'] });
  t.true(added(db, (txn) => removePort(db, txn, 'absent')).isEmpty);
});

const WANTED = {
  name: 'k8s-a',
  columns: { type: 'internal', mac: '02:00:00:00:00:01', mtu_request: 1400 },
  externalIds: { 'iface-id': 'k8s-a' },
} as const;

test('ensuring a port adds it, and then changes nothing', async (t) => {
  const db = await localDatabase(t, { bridges: ['br-int'] });
  const ensure = () => added(db, (txn) => ensurePort(db, txn, uuidOf(db, 'br-int'), WANTED));
  await ensure().commit();
  t.like(findInterface(db, 'k8s-a'), WANTED.columns);
  t.deepEqual(portsOf(db, 'br-int'), ['br-int', 'k8s-a']);
  t.true(ensure().isEmpty);
});

test("ensuring a port repairs what differs, and keeps other programs' columns and keys", async (t) => {
  const db = await localDatabase(t, { bridges: ['br-int'] });
  const bridge = uuidOf(db, 'br-int');
  await write(db, (txn) =>
    addPort(txn, bridge, 'k8s-a', {
      type: 'internal',
      mac: '02:00:00:00:00:99',
      mtu_request: 9000,
      options: new Map([['theirs', 'o']]),
      external_ids: new Map([
        ['iface-id', 'other'],
        ['theirs', 'x'],
      ]),
    }),
  );
  await write(db, (txn) => ensurePort(db, txn, bridge, WANTED));
  const row = findInterface(db, 'k8s-a');
  t.like(row, WANTED.columns);
  t.deepEqual(Object.fromEntries(row?.external_ids ?? []), { 'iface-id': 'k8s-a', theirs: 'x' });
  t.deepEqual(Object.fromEntries(row?.options ?? []), { theirs: 'o' });
  t.deepEqual(portsOf(db, 'br-int'), ['br-int', 'k8s-a']);
});
