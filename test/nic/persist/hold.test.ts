import test from 'ava';
import type { Snapshot } from '../../../src/host/snapshot.js';
import { linesToAdd } from '../../../src/nic/persist/hold.js';

test('what a manager deletes is added again with its lifetime, addresses before routes', (t) => {
  const snapshot: Snapshot = {
    device: 'breth0',
    link: { ifindex: 4, ifname: 'breth0', address: '02:00:00:00:00:01', mtu: 1500, flags: ['UP'] },
    addresses: [
      {
        ...{ family: 'inet', local: '203.0.113.10', prefixlen: 24, scope: 'global', metric: 1024 },
        ...{ valid_life_time: 60, preferred_life_time: 60, dynamic: true },
      },
      { family: 'inet6', local: '2001:db8::10', prefixlen: 64, scope: 'global' },
    ],
    routes: [
      { family: 4, dst: 'default', gateway: '203.0.113.1', dev: 'breth0', protocol: '16', flags: [] },
      {
        family: 6,
        dst: 'default',
        gateway: 'fe80::1',
        dev: 'breth0',
        protocol: '9',
        expires: 1800,
        flags: [],
      },
      { family: 6, dst: '2001:db8:1::/64', dev: 'breth0', protocol: '9', expires: 5, flags: [] },
    ],
    rules: [],
    neighbours: [{ dst: '203.0.113.1', lladdr: '02:00:00:00:00:02', state: ['REACHABLE'] }],
  };
  t.deepEqual(linesToAdd(snapshot), [
    'address replace 203.0.113.10/24 scope global metric 1024 dev breth0 valid_lft 60 preferred_lft 60',
    'address replace 2001:db8::10/64 scope global dev breth0 nodad',
    'route add 2001:db8:1::/64 dev breth0 proto 9 expires 5',
    'route add default via 203.0.113.1 dev breth0 proto 16',
    'route add ::/0 via fe80::1 dev breth0 proto 9 expires 10',
    'address change 2001:db8::10/64 scope global dev breth0',
  ]);
});
