import test from 'ava';
import type { Snapshot } from '../../src/host/snapshot.js';
import { emptyOn, onDevice } from '../../src/nic/on_device.js';

const LINK = { ifindex: 2, ifname: 'eth0', address: '02:00:00:00:00:01', mtu: 1500, flags: ['UP'] };
const SNAPSHOT: Snapshot = {
  device: 'eth0',
  link: LINK,
  addresses: [
    { family: 'inet', local: '203.0.113.10', prefixlen: 24, label: 'eth0:1' },
    { family: 'inet6', local: '2001:db8::10', prefixlen: 64 },
  ],
  routes: [
    { family: 4, dst: 'default', dev: 'eth0', gateway: '203.0.113.1' },
    { family: 4, dst: '10.7.0.0/16', nexthops: [{ dev: 'eth0' }, { dev: 'eth1' }] },
  ],
  rules: [
    { family: 4, priority: 1000, iif: 'eth0', oif: 'eth1' },
    { family: 4, priority: 1001, oif: 'eth0' },
  ],
  neighbours: [{ dst: '203.0.113.1', lladdr: '02:00:00:00:00:02' }],
};

test('every name of the device is replaced, and names of other devices are kept', (t) => {
  t.deepEqual(onDevice(SNAPSHOT, 'breth0'), {
    device: 'breth0',
    link: LINK,
    addresses: [
      { family: 'inet', local: '203.0.113.10', prefixlen: 24, label: 'breth0:1' },
      { family: 'inet6', local: '2001:db8::10', prefixlen: 64 },
    ],
    routes: [
      { family: 4, dst: 'default', dev: 'breth0', gateway: '203.0.113.1' },
      { family: 4, dst: '10.7.0.0/16', nexthops: [{ dev: 'breth0' }, { dev: 'eth1' }] },
    ],
    rules: [
      { family: 4, priority: 1000, iif: 'breth0', oif: 'eth1' },
      { family: 4, priority: 1001, oif: 'breth0' },
    ],
    neighbours: [{ dst: '203.0.113.1', lladdr: '02:00:00:00:00:02' }],
  });
  t.deepEqual(onDevice(onDevice(SNAPSHOT, 'breth0'), 'eth0'), SNAPSHOT);
});

test('an empty device has the link and nothing else', (t) => {
  t.deepEqual(emptyOn(SNAPSHOT, 'breth0'), {
    device: 'breth0',
    link: LINK,
    addresses: [],
    routes: [],
    rules: [],
    neighbours: [],
  });
});
