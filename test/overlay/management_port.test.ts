import test from 'ava';
import type { Snapshot } from '../../src/host/snapshot.js';
import { parseCidr } from '../../src/net/cidr.js';
import { managementPortCommands } from '../../src/overlay/management_port.js';

const NEW: Snapshot = {
  device: 'k8s-a',
  link: { ifindex: 4, ifname: 'k8s-a', address: '0a:58:0a:f4:02:02', mtu: 1500, flags: ['BROADCAST'] },
  addresses: [],
  routes: [],
  rules: [],
  neighbours: [],
};
const SUBNETS = [parseCidr('10.244.2.0/24'), parseCidr('fd00:2::/64')];
const CLUSTER = [parseCidr('10.244.0.0/16'), parseCidr('fd00::/16')];

function commands(actual: Snapshot, subnets = SUBNETS): string[] {
  return managementPortCommands(actual, subnets, CLUSTER).map((command) => command.join(' '));
}

const DONE: Snapshot = {
  ...NEW,
  link: { ...NEW.link, mtu: 1400, flags: ['BROADCAST', 'UP'] },
  addresses: [
    { family: 'inet', local: '10.244.2.2', prefixlen: 24, scope: 'global' },
    { family: 'inet6', local: 'fd00:2::2', prefixlen: 64, scope: 'global' },
    { family: 'inet6', local: 'fe80::1', prefixlen: 64, scope: 'link' },
  ],
  routes: [
    { family: 4, dst: '10.244.0.0/16', gateway: '10.244.2.1' },
    { family: 4, dst: '10.244.2.0/24' },
    { family: 6, dst: 'fd00::/16', gateway: 'fd00:2::1' },
  ],
};

test('a new management port is set up and gets its addresses and routes', (t) => {
  t.deepEqual(commands(NEW), [
    'link set k8s-a mtu 1400 up',
    'addr add 10.244.2.2/24 dev k8s-a',
    'addr add fd00:2::2/64 dev k8s-a nodad',
    'route replace 10.244.0.0/16 via 10.244.2.1 dev k8s-a',
    'route replace fd00::/16 via fd00:2::1 dev k8s-a',
  ]);
});

test('a management port that is right needs no command', (t) => {
  t.deepEqual(commands(DONE), []);
});

test('another subnet replaces the addresses of the former one, and every route is set again', (t) => {
  t.deepEqual(commands(DONE, [parseCidr('10.244.7.0/24'), parseCidr('fd00:2::/64')]), [
    'route del 10.244.0.0/16 via 10.244.2.1 dev k8s-a',
    'addr del 10.244.2.2/24 dev k8s-a',
    'addr add 10.244.7.2/24 dev k8s-a',
    'route replace 10.244.0.0/16 via 10.244.7.1 dev k8s-a',
    'route replace fd00::/16 via fd00:2::1 dev k8s-a',
  ]);
});
