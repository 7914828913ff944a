import test from 'ava';
import type { Route } from '../../src/host/snapshot.js';
import { snapshotOf } from '../../src/host/snapshot_of.js';

const link = (ifname: string) => ({
  ifindex: 2,
  ifname,
  address: '02:00:00:00:00:01',
  mtu: 1500,
  flags: ['UP'],
});
const route = (one: Partial<Route>): Route => ({ family: 4, dst: '10.0.0.0/8', ...one });
const NOTHING = { links: [link('eth0')], addresses: [], routes: [], rules: [], neighbours: [] };

test('a snapshot has the addresses of the device alone, in the order of the kernel', (t) => {
  const [one, two] = [
    { family: 'inet' as const, local: '203.0.113.10', prefixlen: 24 },
    { family: 'inet6' as const, local: '2001:db8::10', prefixlen: 64 },
  ];
  const { addresses } = snapshotOf('eth0', {
    ...NOTHING,
    addresses: [
      { ifname: 'lo', addr_info: [{ family: 'inet', local: '127.0.0.1', prefixlen: 8 }] },
      { ifname: 'eth0', addr_info: [one, two] },
    ],
  });
  t.deepEqual(addresses, [one, two]);
});

const ROUTES: readonly (readonly [string, Route, boolean])[] = [
  ['through the device', route({ dev: 'eth0' }), true],
  ['through another device', route({ dev: 'eth01' }), false],
  [
    'with one of its next hops through the device',
    route({ nexthops: [{ dev: 'eth1' }, { dev: 'eth0' }] }),
    true,
  ],
  ['with all next hops through others', route({ nexthops: [{ dev: 'eth1' }] }), false],
  ['that an operator added', route({ dev: 'eth0', protocol: '3' }), true],
  ['to an address of the host', route({ dev: 'eth0', protocol: '2', type: '2' }), false],
];

for (const [what, one, isTaken] of ROUTES) {
  test(`a route ${what} ${isTaken ? 'belongs' : 'does not belong'} to the snapshot`, (t) => {
    t.deepEqual(snapshotOf('eth0', { ...NOTHING, routes: [one] }).routes, isTaken ? [one] : []);
  });
}

test('a rule belongs to the device that it names as incoming or outgoing', (t) => {
  const rules = [
    { family: 4 as const, priority: 1, iif: 'eth0' },
    { family: 6 as const, priority: 2, oif: 'eth0' },
    { family: 4 as const, priority: 3, iif: 'eth1' },
    { family: 4 as const, priority: 4, table: '77' },
  ];
  const taken = snapshotOf('eth0', { ...NOTHING, rules }).rules.map(({ priority }) => priority);
  t.deepEqual(taken, [1, 2]);
});

test('a missing device is an error that names it', (t) => {
  t.throws(() => snapshotOf('eth9', NOTHING), {
    code: 'ERR_NO_INTERFACE',
    message: 'there is no interface eth9; ip link lists the interfaces',
  });
});
