import test from 'ava';
import type { Address, Route, Rule, Snapshot } from '../../src/host/snapshot.js';
import { isEmpty, merged, moveBatches } from '../../src/nic/batch.js';
import { emptyOn, onDevice } from '../../src/nic/on_device.js';

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

const moved = (snapshot: Snapshot, to = 'breth0') =>
  moveBatches({ wanted: snapshot, from: snapshot, to: emptyOn(snapshot, to) });

test('addresses are added in a batch before the one that deletes them, a route is deleted and added in two lines, defaults last', (t) => {
  t.deepEqual(moved(SNAPSHOT), {
    newRules6: [],
    additions: [
      'address replace 203.0.113.10/24 scope global dev breth0',
      'address replace 2001:db8::10/64 scope global dev breth0 nodad',
      'neighbour replace 203.0.113.1 lladdr 02:00:00:00:00:02 dev breth0 nud stale',
    ],
    lines: [
      'route del 198.51.100.0/24 dev eth0 scope 253',
      'route add 198.51.100.0/24 dev breth0 scope 253',
      'route del default via 203.0.113.1 dev eth0 onlink table 254',
      'route add default via 203.0.113.1 dev breth0 onlink table 254',
      'address del 2001:db8::10/64 dev eth0',
      'address del 203.0.113.10/24 dev eth0',
      'address change 2001:db8::10/64 scope global dev breth0',
    ],
    oldRules6: [],
  });
});

test('a lease moves with its remaining lifetime, and a label with the new name', (t) => {
  const leased: Address = {
    ...V4,
    label: 'eth0:1',
    dynamic: true,
    valid_life_time: 600,
    preferred_life_time: 300,
  };
  t.is(
    moved({ ...SNAPSHOT, addresses: [leased] }).additions[0],
    'address replace 203.0.113.10/24 scope global label breth0:1 dev breth0 valid_lft 600 preferred_lft 300',
  );
});

test('an address that another host may have is added once the NIC is on the bridge, with detection', (t) => {
  const { additions, lines } = moved({ ...SNAPSHOT, addresses: [V4, { ...V6, tentative: true }] });
  t.deepEqual(
    additions.filter((line) => line.startsWith('address')),
    ['address replace 203.0.113.10/24 scope global dev breth0'],
  );
  t.is(lines[0], 'address replace 2001:db8::10/64 scope global dev breth0');
});

test('IPv6 rules are added before everything else and deleted after it', (t) => {
  const rule: Rule = { family: 6, priority: 1001, src: 'all', iif: 'eth0', table: '77' };
  const batches = moved({ ...SNAPSHOT, addresses: [], routes: [], neighbours: [], rules: [rule] });
  t.deepEqual(batches, {
    newRules6: ['rule add from all iif breth0 table 77 priority 1001'],
    additions: [],
    lines: [],
    oldRules6: ['rule del from all iif eth0 table 77 priority 1001'],
  });
  t.deepEqual(moved({ ...SNAPSHOT, rules: [{ ...rule, family: 4 }] }).newRules6, []);
});

test('a route with an unknown attribute is refused, not moved without it', (t) => {
  const encapsulated = { ...CONNECTED, encap: 'mpls' };
  t.throws(() => moved({ ...SNAPSHOT, routes: [encapsulated] }), {
    code: 'ERR_CANNOT_MOVE',
    message: /198.51.100.0\/24 has "encap"/,
  });
});

test('the move back is the move there with the names exchanged', (t) => {
  const there = onDevice(SNAPSHOT, 'breth0');
  t.deepEqual(onDevice(there, 'eth0'), SNAPSHOT);
  t.deepEqual(
    moved(there, 'eth0').lines,
    moved(SNAPSHOT).lines.map((line) =>
      line.replaceAll('breth0', 'X').replaceAll('eth0', 'breth0').replaceAll('X', 'eth0'),
    ),
  );
});

test('an interrupted move continues where it stopped', (t) => {
  const from = { ...SNAPSHOT, addresses: [V6], routes: [], neighbours: [] };
  const to = onDevice({ ...SNAPSHOT, addresses: [V4], routes: [CONNECTED] }, 'breth0');
  const { additions, lines } = moveBatches({ wanted: merged(SNAPSHOT, from), from, to });
  t.deepEqual(additions, ['address replace 2001:db8::10/64 scope global dev breth0 nodad']);
  t.deepEqual(lines, [
    'route add default via 203.0.113.1 dev breth0 onlink table 254',
    'address del 2001:db8::10/64 dev eth0',
    'address change 2001:db8::10/64 scope global dev breth0',
  ]);
});

test('a move that is done leaves nothing to do', (t) => {
  const wanted = { ...SNAPSHOT, addresses: [V4, { ...V6, nodad: true }] };
  const batches = moveBatches({ wanted, from: emptyOn(wanted, 'eth0'), to: onDevice(wanted, 'breth0') });
  t.true(isEmpty(batches), JSON.stringify(batches));
});
