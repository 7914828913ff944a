import test from 'ava';
import { findBridge } from '../../src/switch/bridges.js';
import type { LocalDatabase } from '../../src/switch/connection.js';
import {
  ensureIntegrationBridge,
  integrationBridge,
  integrationDatapath,
} from '../../src/switch/integration_bridge.js';
import { findInterface } from '../../src/switch/ports.js';
import { added, localDatabase, portsOf, write } from './local_database.js';

const NETDEV = new Map([['ovn-bridge-datapath-type', 'netdev']]);

function ensure(db: LocalDatabase, systemIds: ReadonlyMap<string, string> = NETDEV) {
  return added(db, (txn) => ensureIntegrationBridge(db, txn, 'br-int', systemIds));
}

test("name and datapath are ovn-controller's, with its defaults", (t) => {
  t.is(integrationBridge(new Map()), 'br-int');
  t.is(integrationBridge(new Map([['ovn-bridge', 'br-ovn']])), 'br-ovn');
  t.is(integrationDatapath(new Map()), 'system');
  t.is(integrationDatapath(NETDEV), 'netdev');
});

test('a missing integration bridge is inserted, secure and with its LOCAL port', async (t) => {
  const db = await localDatabase(t);
  await ensure(db).commit();
  t.like(findBridge(db, 'br-int'), { fail_mode: 'secure', datapath_type: 'netdev' });
  t.like(findInterface(db, 'br-int'), { type: 'internal' });
  t.deepEqual(portsOf(db, 'br-int'), ['br-int']);
  t.true(ensure(db).isEmpty);
});

test('an integration bridge that floods is made secure, and keeps its datapath', async (t) => {
  const db = await localDatabase(t, { bridges: ['br-int'] });
  const before = findBridge(db, 'br-int');
  if (before === undefined) throw new Error('there is no br-int');
  await write(db, (txn) => txn.update('Bridge', before._uuid, { datapath_type: 'system' }));
  await ensure(db).commit();
  t.like(findBridge(db, 'br-int'), {
    _uuid: before._uuid,
    fail_mode: 'secure',
    datapath_type: 'system',
  });
});
