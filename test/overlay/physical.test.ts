import test from 'ava';
import { parseCidr } from '../../src/net/cidr.js';
import { parseMac } from '../../src/net/mac.js';
import {
  connectPhysical,
  formerAddresses,
  formerRange,
  type Physical,
  type PhysicalRows,
} from '../../src/overlay/physical.js';
import { findBridge } from '../../src/switch/bridges.js';
import type { LocalDatabase } from '../../src/switch/connection.js';
import { bridgeOf, findInterface } from '../../src/switch/ports.js';
import { added, localDatabase, portsOf, write } from '../switch/local_database.js';

const MAC = parseMac('02:00:00:00:00:0a');
const BRIDGE: Physical = { kind: 'bridge', name: 'breth0', mac: MAC, mtu: 1500, addresses: [] };
const NIC: Physical = { kind: 'nic', name: 'eth1', mac: MAC, mtu: 1500, addresses: ['192.0.2.9/24'] };
const ROWS: PhysicalRows = {
  node: 'gw1',
  integration: 'br-int',
  systemIds: new Map(),
  addresses: [parseCidr('203.0.113.10/24'), parseCidr('2001:db8::10/64')],
  snatRange: { lo: 61_000, hi: 65_535 },
};

function connected(db: LocalDatabase, physical: Physical, change: Partial<PhysicalRows> = {}) {
  return added(db, (txn) => connectPhysical(db, txn, physical, { ...ROWS, ...change }));
}

test('a shared bridge gets its marks and the patch pair, without an iface-id yet', async (t) => {
  const db = await localDatabase(t, { bridges: ['breth0'] });
  await connected(db, BRIDGE).commit();
  t.deepEqual(Object.fromEntries(findBridge(db, 'breth0')?.external_ids ?? []), {
    'k8s-physical-ip': '203.0.113.10/24,2001:db8::10/64',
    'k8s-snat-port-range': '61000-65535',
    'k8s-node-name': 'gw1',
  });
  t.deepEqual(portsOf(db, 'breth0'), ['breth0', 'k8s-patch-breth0-br-int']);
  t.is(findBridge(db, 'br-int')?.fail_mode, 'secure');
  // br-int is new in the first transaction, so its end of the pair follows in the next one.
  await connected(db, BRIDGE).commit();
  t.deepEqual(portsOf(db, 'br-int'), ['br-int', 'k8s-patch-br-int-breth0']);
  t.is(findInterface(db, 'k8s-patch-br-int-breth0')?.external_ids.size, 0);
  t.true(connected(db, BRIDGE).isEmpty);
});

test('a shared bridge gets the marks of another range; without a range, no former mark remains', async (t) => {
  const db = await localDatabase(t, { bridges: ['breth0'] });
  t.is(formerRange(db, 'breth0'), undefined);
  await connected(db, BRIDGE).commit();
  t.deepEqual(formerRange(db, 'breth0'), { lo: 61_000, hi: 65_535 });
  await connected(db, BRIDGE, { snatRange: undefined }).commit();
  t.is(findBridge(db, 'breth0')?.external_ids.get('k8s-snat-port-range'), 'none');
  t.is(formerRange(db, 'breth0'), undefined);
});

test('a dedicated NIC is put on br-int, with the addresses that it had', async (t) => {
  const db = await localDatabase(t);
  await connected(db, NIC).commit();
  t.is(bridgeOf(db, 'eth1')?.name, 'br-int');
  t.is(findInterface(db, 'eth1')?.external_ids.get('iface-id'), 'eth1_gw1');
  t.deepEqual(formerAddresses(db, 'eth1'), ['192.0.2.9/24']);
  t.true(connected(db, NIC).isEmpty);
});

test('addresses that an interrupted run has removed are remembered', async (t) => {
  const db = await localDatabase(t);
  await connected(db, { ...NIC, addresses: ['192.0.2.9/24', '2001:db8:9::9/64'] }).commit();
  await connected(db, { ...NIC, addresses: ['2001:db8:9::9/64', '192.0.2.10/24'] }).commit();
  t.deepEqual(formerAddresses(db, 'eth1'), ['192.0.2.9/24', '2001:db8:9::9/64', '192.0.2.10/24']);
});

test('a NIC without addresses has none to remember', async (t) => {
  const db = await localDatabase(t);
  await connected(db, { ...NIC, addresses: [] }).commit();
  t.deepEqual(formerAddresses(db, 'eth1'), []);
  t.false(findInterface(db, 'eth1')?.external_ids.has('k8s-former-addresses'));
});

test('former addresses that are none are refused by name, since they are arguments of ip', async (t) => {
  const db = await localDatabase(t);
  await connected(db, NIC).commit();
  const nic = findInterface(db, 'eth1');
  if (nic === undefined) throw new Error('there is no eth1');
  for (const text of ['-all', '192.0.2.9/24,--force', '\x1b[2J', ','.repeat(1_000)]) {
    await write(db, (txn) =>
      txn.mutate('Interface', nic._uuid, { external_ids: { set: { 'k8s-former-addresses': text } } }),
    );
    t.throws(() => formerAddresses(db, 'eth1'), {
      code: 'ERR_NOT_AN_ADDRESS',
      message: /k8s-former-addresses of eth1/,
    });
  }
});
