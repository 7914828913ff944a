import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import { startOvsdbServer } from '../../lab/ovsdb_server.js';
import type { Link, Snapshot } from '../../src/host/snapshot.js';
import { datapathOf, refuseBridge, refuseDatapath, refuseNic } from '../../src/nic/refusals.js';
import { connectLocalDatabase, type LocalDatabase } from '../../src/switch/connection.js';

const LINK: Link = {
  ...{ ifindex: 2, ifname: 'eth0', address: '0a:58:cb:00:71:0a', mtu: 1500 },
  ...{ flags: ['UP'], link_type: 'ether' },
};

/** A real ovsdb-server after these commands of ovs-vsctl. */
async function begin(t: ExecutionContext, ...args: readonly string[]): Promise<LocalDatabase> {
  const server = await startOvsdbServer();
  t.teardown(() => server.dispose());
  await execa('ovs-vsctl', [`--db=${server.remote}`, '--no-wait', 'init', '--', ...args]);
  const db = await connectLocalDatabase(server.remote, 5_000);
  t.teardown(() => db.close());
  return db;
}

function snapshot(device: string, link: Partial<Link> = {}): Snapshot {
  return {
    device,
    link: { ...LINK, ifname: device, ...link },
    addresses: [],
    routes: [],
    rules: [],
    neighbours: [],
  };
}

const REFUSED: readonly (readonly [string, Partial<Link>, string])[] = [
  [
    'enp193s0f1np10',
    {},
    'the name of its bridge, brenp193s0f1np10, has more than 15 characters; rename the interface first',
  ],
  ['lo', { flags: ['LOOPBACK', 'UP'] }, 'the loopback interface cannot be on a bridge'],
  ['wwan0', { link_type: 'none' }, 'is not an Ethernet device, and only those can be on a bridge'],
  ['other', {}, 'is a bridge itself; name the NIC'],
  ['eth1', {}, 'is on bridge other already; take it off with bridge-to-nics other'],
  ['eth2', { master: 'bond0' }, 'is enslaved to bond0; put bond0 on the bridge instead'],
];

for (const [nic, link, why] of REFUSED) {
  test(`${nic} is refused: ${why}`, async (t) => {
    const db = await begin(t, 'add-br', 'other', '--', 'add-port', 'other', 'eth1');
    t.throws(() => refuseNic(db, snapshot(nic, link), `br${nic}`), {
      code: 'ERR_CANNOT_MOVE',
      message: `${nic}: ${why}`,
    });
  });
}

test('a plain NIC is accepted, and one that is on its own bridge already', async (t) => {
  const db = await begin(t, 'add-br', 'breth1', '--', 'add-port', 'breth1', 'eth1');
  t.notThrows(() => refuseNic(db, snapshot('eth0'), 'breth0'));
  t.notThrows(() => refuseNic(db, snapshot('eth1', { master: 'ovs-system' }), 'breth1'));
});

test('a bridge is refused if its name is taken by a device, or if it has another datapath', async (t) => {
  const db = await begin(t, 'add-br', 'breth0', '--', 'set', 'Bridge', 'breth0', 'datapath_type=netdev');
  t.is(datapathOf(db, 'breth0'), 'netdev');
  t.is(datapathOf(db, 'breth1'), undefined);
  t.notThrows(() => refuseBridge(db, 'breth0', true, 'netdev'));
  t.notThrows(() => refuseBridge(db, 'breth0', true, undefined));
  t.notThrows(() => refuseBridge(db, 'breth1', false, 'system'));
  t.throws(() => refuseBridge(db, 'breth0', true, 'system'), {
    message: 'bridge breth0 has datapath netdev, not system; run bridge-to-nics breth0 first',
  });
  t.throws(() => refuseBridge(db, 'breth1', true, undefined), {
    message: 'device breth1 exists and is not an Open vSwitch bridge; rename or delete it first',
  });
});

test('a datapath that the kernel does not have is refused', (t) => {
  t.notThrows(() => refuseDatapath('breth0', 'netdev', false));
  t.notThrows(() => refuseDatapath('breth0', 'system', true));
  t.throws(() => refuseDatapath('breth0', 'system', false), {
    code: 'ERR_CANNOT_MOVE',
    message:
      'bridge breth0 cannot have datapath system, which the kernel does not have; ' +
      'run modprobe openvswitch and restart ovs-vswitchd, or use netdev',
  });
});
