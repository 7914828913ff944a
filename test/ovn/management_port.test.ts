import test from 'ava';
import type { Snapshot } from '../../src/host/snapshot.js';
import { parseCidr } from '../../src/net/cidr.js';
import { advertisementChanges, managementPortCommands } from '../../src/ovn/management_port.js';

const NEW: Snapshot = {
  device: 'k8s-a',
  link: { ifindex: 4, ifname: 'k8s-a', address: '0a:58:0a:f4:02:02', mtu: 1500, flags: ['BROADCAST'] },
  addresses: [],
  routes: [],
  rules: [],
  neighbours: [],
};
const SUBNETS = [parseCidr('10.244.2.0/24'), parseCidr('fd00:2::/64')];
const PORT = {
  subnets: SUBNETS,
  clusterSubnets: [parseCidr('10.244.0.0/16'), parseCidr('fd00::/16')],
  serviceSubnets: [parseCidr('10.96.0.0/16'), parseCidr('fd10:96::/112')],
};

function commands(actual: Snapshot, more: Partial<typeof PORT> = {}): string[] {
  return managementPortCommands(actual, { ...PORT, ...more }).map((command) => command.join(' '));
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
    { family: 4, dst: '10.244.0.0/16', gateway: '10.244.2.1', table: '254' },
    { family: 4, dst: '10.244.2.0/24' },
    { family: 6, dst: 'fd00::/16', gateway: 'fd00:2::1' },
    { family: 4, dst: '10.96.0.0/16', gateway: '10.244.2.1' },
    { family: 6, dst: 'fd10:96::/112', gateway: 'fd00:2::1' },
    { family: 4, dst: '100.64.1.0/24', gateway: '10.244.2.1' },
    { family: 6, dst: 'fd98:64::/64', gateway: 'fd00:2::1' },
  ],
};

test('a new management port is set up and gets its addresses and routes', (t) => {
  t.deepEqual(commands(NEW), [
    'link set k8s-a mtu 1400 up',
    'addr add 10.244.2.2/24 dev k8s-a',
    'addr add fd00:2::2/64 dev k8s-a nodad',
    'route replace 10.244.0.0/16 via 10.244.2.1 dev k8s-a',
    'route replace fd00::/16 via fd00:2::1 dev k8s-a',
    'route replace 10.96.0.0/16 via 10.244.2.1 dev k8s-a',
    'route replace fd10:96::/112 via fd00:2::1 dev k8s-a',
    'route replace 100.64.1.0/24 via 10.244.2.1 dev k8s-a',
    'route replace fd98:64::/64 via fd00:2::1 dev k8s-a',
  ]);
});

test('another subnet of services replaces the routes of the former one', (t) => {
  t.deepEqual(commands(DONE, { serviceSubnets: [parseCidr('10.97.0.0/16')] }), [
    'route del 10.96.0.0/16 via 10.244.2.1 dev k8s-a',
    'route del fd10:96::/112 via fd00:2::1 dev k8s-a',
    'route replace 10.97.0.0/16 via 10.244.2.1 dev k8s-a',
  ]);
});

test('a route in a table of its own is left alone', (t) => {
  const other = { family: 4, dst: 'default', gateway: '10.244.2.1', table: '6081' } as const;
  t.deepEqual(commands({ ...DONE, routes: [...DONE.routes, other] }), []);
});

test('a management port that is right needs no command', (t) => {
  t.deepEqual(commands(DONE), []);
});

test('another subnet replaces the addresses of the former one, and every route is set again', (t) => {
  t.deepEqual(commands(DONE, { subnets: [parseCidr('10.244.7.0/24'), parseCidr('fd00:2::/64')] }), [
    'route del 10.244.0.0/16 via 10.244.2.1 dev k8s-a',
    'route del 10.96.0.0/16 via 10.244.2.1 dev k8s-a',
    'route del 100.64.1.0/24 via 10.244.2.1 dev k8s-a',
    'addr del 10.244.2.2/24 dev k8s-a',
    'addr add 10.244.7.2/24 dev k8s-a',
    'route replace 10.244.0.0/16 via 10.244.7.1 dev k8s-a',
    'route replace fd00::/16 via fd00:2::1 dev k8s-a',
    'route replace 10.96.0.0/16 via 10.244.7.1 dev k8s-a',
    'route replace fd10:96::/112 via fd00:2::1 dev k8s-a',
    'route replace 100.64.1.0/24 via 10.244.7.1 dev k8s-a',
    'route replace fd98:64::/64 via fd00:2::1 dev k8s-a',
  ]);
});

test('router advertisements of pods are ignored, and a kernel without IPv6 needs no change', (t) => {
  const changes = (value: string | undefined) =>
    advertisementChanges('k8s-a', (name) => (name === 'net/ipv6/conf/k8s-a/accept_ra' ? value : undefined));
  t.deepEqual(
    changes('1').map(({ path, value }) => `${path} ${value}`),
    ['/proc/sys/net/ipv6/conf/k8s-a/accept_ra 0'],
  );
  t.deepEqual([changes('0'), changes(undefined)], [[], []]);
});
