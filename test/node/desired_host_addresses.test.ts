import test from 'ava';
import { parseCidr } from '../../src/net/cidr.js';
import { parseIp } from '../../src/net/ip.js';
import { type HostFacts, hostAddresses, withoutTaken } from '../../src/node/desired_host_addresses.js';
import { address, host, route } from './hosts.js';

const CLUSTER = {
  networks: ['10.244.0.0/16', '10.96.0.0/16', '100.64.1.0/24'].map(parseCidr),
  served: new Set(['203.0.113.80']),
};

function of(facts: Partial<HostFacts>, cluster = CLUSTER): string[] {
  return hostAddresses(host(facts), cluster).map(String);
}

const ETH = [address('eth0', '203.0.113.12/24'), address('eth0', '2001:db8::12/64')];

test('second addresses of the own device and of loopback follow the own ones', (t) => {
  const addresses = [
    address('lo', '192.0.2.1/32'),
    address('eth0', '203.0.113.70/32', { secondary: true }),
    ...ETH,
    address('docker0', '172.17.0.1/16'),
    address('eth1', '198.51.100.9/24'),
  ];
  t.deepEqual(of({ addresses, defaultRoutes: [route(4, 'eth0'), route(6, 'eth0')] }), [
    ...['203.0.113.12', '2001:db8::12', '192.0.2.1', '203.0.113.70'],
  ]);
});

test('the own address is the one shared with the gateway router, else that of the default route, else the tunnel', (t) => {
  const addresses = [
    address('eth1', '198.51.100.9/24'),
    address('breth0', '203.0.113.99/24'),
    address('breth0', '203.0.113.12/24'),
  ];
  const first = (facts: Partial<HostFacts>) => of({ addresses, ...facts })[0];
  const [physical, encap] = [[parseIp('203.0.113.12')], [parseIp('198.51.100.9')]];
  t.is(first({ physical, encap, defaultRoutes: [route(4, 'eth1')] }), '203.0.113.12');
  t.is(first({ encap, defaultRoutes: [route(4, 'breth0')] }), '203.0.113.99');
  t.is(first({ encap, defaultRoutes: [route(4, 'breth0', '203.0.113.12')] }), '203.0.113.12');
  t.is(first({ encap }), '198.51.100.9');
  t.deepEqual(of({ addresses }), []);
});

test('a family without a default route has its own address on the device of the other one', (t) => {
  t.deepEqual(of({ addresses: ETH, defaultRoutes: [route(4, 'eth0')] }), ['203.0.113.12', '2001:db8::12']);
  const temporary = [address('eth0', '2001:db8::ffff/64', { secondary: true }), ...ETH];
  t.deepEqual(of({ addresses: temporary, defaultRoutes: [route(6, 'eth0')] }), [
    ...['203.0.113.12', '2001:db8::12', '2001:db8::ffff'],
  ]);
});

test('an address that keepalived adds does not become the own one', (t) => {
  // In the order of the kernel: the newest IPv6 address comes first.
  const addresses = [
    ...[
      address('eth0', '203.0.113.12/24'),
      address('eth0', '203.0.113.70/32'),
      address('eth0', '198.51.100.9/24'),
    ],
    ...[
      address('eth0', '2001:db8::71/64'),
      address('eth0', '2001:db8::70/128'),
      address('eth0', '2001:db8::12/64'),
    ],
    address('eth0', '2001:db8::1/128'),
  ];
  const defaultRoutes = [route(4, 'eth0'), route(6, 'eth0')];
  t.deepEqual(of({ addresses, defaultRoutes }).slice(0, 2), ['203.0.113.12', '2001:db8::12']);
  t.deepEqual(of({ addresses, defaultRoutes: defaultRoutes.slice(0, 1) }).slice(0, 2), [
    ...['203.0.113.12', '2001:db8::12'],
  ]);
  const encap = ['198.51.100.9', '2001:db8::71'].map(parseIp);
  t.deepEqual(of({ addresses, defaultRoutes, encap }).slice(0, 2), ['198.51.100.9', '2001:db8::71']);
});

test("addresses of the cluster, of the management port and of services, and special ones, are no host's", (t) => {
  const addresses = [
    ...ETH,
    address('k8s-a', '10.244.3.2/24'),
    address('k8s-a', '198.51.100.3/24'),
    ...['10.244.9.9/32', '10.96.0.1/32', '100.64.1.7/32', '203.0.113.80/32', '169.254.20.10/32'].map((text) =>
      address('lo', text),
    ),
  ];
  t.deepEqual(of({ addresses, defaultRoutes: [route(4, 'eth0')] }), ['203.0.113.12', '2001:db8::12']);
});

test('an address that something else has is left out, and named', (t) => {
  const addresses = ['203.0.113.12', '192.0.2.1'].map(parseIp);
  const found = withoutTaken(addresses, (ip) => (ip === '192.0.2.1' ? 'an address of node b' : undefined));
  t.deepEqual(found.addresses.map(String), ['203.0.113.12']);
  t.deepEqual(found.problems, [
    'pods do not reach 192.0.2.1 of this host: it is an address of node b; remove the address from one of the two',
  ]);
});
