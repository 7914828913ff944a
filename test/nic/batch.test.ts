import test from 'ava';
import { moveBatch, restoreFlagsBatch, routeLine } from '../../src/nic/batch.js';
import { resumed } from '../../src/nic/journal.js';
import { type Address, type Route, rehung, type Snapshot } from '../../src/nic/snapshot.js';

const V4: Address = { family: 'inet', local: '203.0.113.10', prefixlen: 24, scope: 'global', label: 'eth0' };
const V6: Address = { family: 'inet6', local: '2001:db8::10', prefixlen: 64, scope: 'global' };
const DEFAULT: Route = {
  family: 4,
  dst: 'default',
  gateway: '203.0.113.1',
  dev: 'eth0',
  table: '254',
  flags: ['onlink'],
};
const CONNECTED: Route = { family: 4, dst: '198.51.100.0/24', dev: 'eth0', scope: '253', flags: [] };

const SNAPSHOT: Snapshot = {
  device: 'eth0',
  link: { ifindex: 2, ifname: 'eth0', address: '02:00:00:00:00:01', mtu: 1500, flags: ['UP'] },
  addresses: [V4, V6],
  routes: [DEFAULT, CONNECTED],
  rules: [],
  neighbours: [
    { dst: '203.0.113.1', lladdr: '02:00:00:00:00:02', state: ['REACHABLE'] },
    { dst: '203.0.113.9', state: ['FAILED'] },
  ],
};

test('new addresses come before the old go, and the default route is last', (t) => {
  t.deepEqual(moveBatch(SNAPSHOT, 'breth0'), [
    'address replace 203.0.113.10/24 scope global dev breth0',
    'address replace 2001:db8::10/64 scope global dev breth0 nodad',
    'neighbour replace 203.0.113.1 lladdr 02:00:00:00:00:02 dev breth0 nud stale',
    'route del 198.51.100.0/24 dev eth0 scope 253',
    'route del default via 203.0.113.1 dev eth0 onlink table 254',
    'address del 2001:db8::10/64 dev eth0',
    'address del 203.0.113.10/24 dev eth0',
    'route add 198.51.100.0/24 dev breth0 scope 253',
    'route add default via 203.0.113.1 dev breth0 onlink table 254',
  ]);
  t.deepEqual(restoreFlagsBatch(SNAPSHOT, 'breth0'), [
    'address change 2001:db8::10/64 scope global dev breth0',
  ]);
});

test('a lease moves with what is left of it, a secondary with its label', (t) => {
  const leased: Address = {
    ...V4,
    label: 'eth0:1',
    dynamic: true,
    valid_life_time: 600,
    preferred_life_time: 300,
  };
  const [line] = moveBatch({ ...SNAPSHOT, addresses: [leased] }, 'breth0');
  t.is(
    line,
    'address replace 203.0.113.10/24 scope global label breth0:1 dev breth0 valid_lft 600 preferred_lft 300',
  );
});

test('multipath routes keep their hops on other devices', (t) => {
  const nexthops = [
    { gateway: '203.0.113.1', dev: 'eth0', weight: 1 },
    { gateway: '192.0.2.1', dev: 'eth1', weight: 3 },
  ];
  const line = routeLine('add', { family: 4, dst: 'default', flags: [], nexthops }, 'eth0', 'breth0');
  t.is(
    line,
    'route add default nexthop via 203.0.113.1 dev breth0 weight 1 nexthop via 192.0.2.1 dev eth1 weight 3',
  );
});

test('a route with something unknown is refused, not moved without it', (t) => {
  const encapsulated = { ...CONNECTED, encap: 'mpls' };
  t.throws(() => moveBatch({ ...SNAPSHOT, routes: [encapsulated] }, 'breth0'), {
    code: 'ERR_CANNOT_MOVE',
    message: /198.51.100.0\/24 has "encap"/,
  });
  t.throws(() => moveBatch({ ...SNAPSHOT, routes: [{ ...CONNECTED, nhid: 5 }] }, 'breth0'), {
    code: 'ERR_CANNOT_MOVE',
  });
});

test('the way back is the way there with the names exchanged', (t) => {
  const there = rehung(SNAPSHOT, 'breth0');
  t.deepEqual(rehung(there, 'eth0'), SNAPSHOT);
  t.deepEqual(
    moveBatch(there, 'eth0'),
    moveBatch(SNAPSHOT, 'breth0').map((line) =>
      line.replaceAll('breth0', 'X').replaceAll('eth0', 'breth0').replaceAll('X', 'eth0'),
    ),
  );
});

test('a move that was cut off is taken up with what is on neither device', (t) => {
  const now = { ...SNAPSHOT, addresses: [V6], routes: [] };
  const moved = rehung({ ...SNAPSHOT, addresses: [V4], routes: [CONNECTED], neighbours: [] }, 'breth0');
  const rest = resumed(now, SNAPSHOT, moved);
  t.deepEqual(rest.addresses, [V6]);
  t.deepEqual(rest.routes, [DEFAULT]);
});
