import test from 'ava';
import { findBridge } from '../../src/switch/bridges.js';
import type { LocalDatabase } from '../../src/switch/connection.js';
import {
  closePatchPair,
  completePatchPair,
  isPatchPairOpen,
  type PatchPair,
  patchName,
  patchPeerName,
} from '../../src/switch/patch_pair.js';
import { findInterface, findPort, removePort } from '../../src/switch/ports.js';
import { added, localDatabase, portsOf, write } from './local_database.js';

const HERE = 'k8s-patch-breth0-br-int';
const THERE = 'k8s-patch-br-int-breth0';
const PAIR: PatchPair = {
  bridge: 'breth0',
  integration: 'br-int',
  logicalPort: 'breth0_gw1',
  isReady: false,
};

function complete(db: LocalDatabase, change: Partial<PatchPair> = {}) {
  return added(db, (txn) => completePatchPair(db, txn, { ...PAIR, ...change }));
}

function ifaceId(db: LocalDatabase): string | undefined {
  return findInterface(db, THERE)?.external_ids.get('iface-id');
}

test('the ends have the names that users know', (t) => {
  t.is(patchName('breth0'), HERE);
  t.is(patchPeerName('breth0', 'br-int'), THERE);
});

test('a missing pair is added, its ends leading to each other, without iface-id before it is ready', async (t) => {
  const db = await localDatabase(t, { bridges: ['breth0', 'br-int'] });
  await complete(db).commit();
  t.deepEqual(portsOf(db, 'breth0'), ['breth0', HERE]);
  t.deepEqual(portsOf(db, 'br-int'), ['br-int', THERE]);
  t.like(findInterface(db, HERE), { type: 'patch', options: new Map([['peer', THERE]]) });
  t.like(findInterface(db, THERE), { type: 'patch', options: new Map([['peer', HERE]]) });
  t.is(ifaceId(db), undefined);
  t.true(complete(db).isEmpty);
});

test('the pair gets its iface-id when it is ready, and keeps it', async (t) => {
  const db = await localDatabase(t, { bridges: ['breth0', 'br-int'] });
  await complete(db).commit();
  await complete(db, { isReady: true }).commit();
  t.is(ifaceId(db), 'breth0_gw1');
  t.is(findInterface(db, HERE)?.external_ids.size, 0);
  t.true(complete(db, { isReady: true }).isEmpty);
  t.true(complete(db).isEmpty, 'gateway-init runs again');
});

test('a pair that is ready at once is added with its iface-id', async (t) => {
  const db = await localDatabase(t, { bridges: ['breth0', 'br-int'] });
  await complete(db, { isReady: true }).commit();
  t.is(ifaceId(db), 'breth0_gw1');
});

test("another node's iface-id is replaced, ready or not", async (t) => {
  const db = await localDatabase(t, { bridges: ['breth0', 'br-int'] });
  await complete(db, { isReady: true, logicalPort: 'breth0_old' }).commit();
  await complete(db).commit();
  t.is(ifaceId(db), 'breth0_gw1');
});

test('NORMAL of the gateway bridge cannot use the port to OVN: a port of an earlier version is changed', async (t) => {
  const db = await localDatabase(t, { bridges: ['breth0', 'br-int'] });
  await complete(db).commit();
  const port = findPort(db, HERE);
  t.deepEqual(port?.trunks, [4095]);
  t.deepEqual(findPort(db, THERE)?.trunks, []);
  for (const trunks of [[], [7, 4095]]) {
    await write(db, (txn) => port && txn.update('Port', port._uuid, { trunks }));
    await complete(db).commit();
    t.deepEqual(findPort(db, HERE)?.trunks, [4095]);
  }
});

test('a closed pair has no iface-id; a pair without one, or without ends, is closed already', async (t) => {
  const db = await localDatabase(t, { bridges: ['breth0', 'br-int'] });
  const close = () => added(db, (txn) => closePatchPair(db, txn, PAIR));
  t.is(isPatchPairOpen(db, PAIR), undefined);
  t.true(close().isEmpty);
  await complete(db, { isReady: true }).commit();
  t.true(isPatchPairOpen(db, PAIR));
  await close().commit();
  t.is(ifaceId(db), undefined);
  t.false(isPatchPairOpen(db, PAIR));
  t.true(close().isEmpty);
});

test('an end that was deleted is added again', async (t) => {
  const db = await localDatabase(t, { bridges: ['breth0', 'br-int'] });
  await complete(db, { isReady: true }).commit();
  for (const end of [HERE, THERE]) {
    await write(db, (txn) => removePort(db, txn, end));
    await complete(db, { isReady: true }).commit();
    t.not(findInterface(db, end), undefined, end);
    t.is(ifaceId(db), 'breth0_gw1');
  }
});

test('without an integration bridge only the other end is added', async (t) => {
  const db = await localDatabase(t, { bridges: ['breth0'] });
  await complete(db).commit();
  t.deepEqual(portsOf(db, 'breth0'), ['breth0', HERE]);
  t.is(findBridge(db, 'br-int'), undefined);
  t.true(complete(db).isEmpty);
});
