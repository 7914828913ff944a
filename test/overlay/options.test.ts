import test from 'ava';
import { formatCidr, parseCidr } from '../../src/net/cidr.js';
import { UsageError } from '../../src/net/errors.js';
import {
  readClusterSubnets,
  readDefaultGateways,
  readNodeName,
  readNodeSubnetsOption,
  readPhysicalIps,
  readRampout,
  readServiceSubnetsOption,
  readSnatRange,
  readSubnets,
} from '../../src/overlay/options.js';

const CLUSTER = ['10.244.0.0/16', 'fd00:10:244::/48'].map(parseCidr);
const PHYSICAL = ['203.0.113.10/24', '2001:db8::10/64'].map(parseCidr);

/** Makes a test of each text that a reader refuses: the usage error names the option and says why. */
function refuses(
  option: string,
  read: (text: string) => unknown,
  cases: readonly (readonly [text: string, why: RegExp])[],
): void {
  for (const [text, why] of cases) {
    test(`${option}=${text} is refused`, (t) => {
      const error = t.throws(() => read(text), { instanceOf: UsageError, message: why });
      t.true(error?.message.startsWith(`${option}=${text}: `), error?.message);
    });
  }
}

test('a node name is one that Kubernetes and OVN can have', (t) => {
  for (const name of ['a', 'edge-1', 'node.example.org', 'A_b', 'x'.repeat(63)])
    t.is(readNodeName(name), name);
});

refuses('--node-name', readNodeName, [
  ['join', /the switch between the routers/],
  ['', /give the Kubernetes node's name/],
  ['a b', /give the Kubernetes node's name/],
  ['-a', /give the Kubernetes node's name/],
  ['a-', /give the Kubernetes node's name/],
  ['x'.repeat(64), /give the Kubernetes node's name/],
]);

test('subnets are one a family, IPv4 first, spaces allowed', (t) => {
  t.deepEqual(readSubnets('--x', 'fd00::/64, 10.0.0.0/8').map(formatCidr), ['10.0.0.0/8', 'fd00::/64']);
  t.deepEqual(readSubnets('--x', '10.0.0.0/8').map(formatCidr), ['10.0.0.0/8']);
});

refuses('--x', (text) => readSubnets('--x', text), [
  ['', /is not an IPv4 or IPv6 address/],
  ['10.0.0.0', /has no mask/],
  ['10.0.0.0/33', /has no prefix length of 0 to 32/],
  ['10.0.0.1/8', /has host bits; give 10\.0\.0\.0\/8$/],
  ['10.0.0.0/8,192.0.2.0/24', /at most one IPv4 and one IPv6/],
]);

test('a cluster subnet beside the network of the routers is taken', (t) => {
  t.deepEqual(readClusterSubnets('100.65.0.0/16,fd98:65::/48').map(formatCidr), [
    '100.65.0.0/16',
    'fd98:65::/48',
  ]);
});

refuses('--cluster-ip-subnet', readClusterSubnets, [
  ['100.64.0.0/10', /overlaps 100\.64\.1\.0\/24/],
  ['fd98::/16', /overlaps fd98:64::\/64/],
]);

test("a node's subnets are inside the cluster's, with room for a pod", (t) => {
  const text = '10.244.1.0/29,fd00:10:244:1::/125';
  t.deepEqual(readNodeSubnetsOption('--s', text, CLUSTER).map(formatCidr), text.split(','));
});

refuses('--s', (text) => readNodeSubnetsOption('--s', text, CLUSTER), [
  ['10.244.1.0/30', /has no room for pods; give a prefix of at most 29/],
  ['fd00:10:244:1::/126', /has no room for pods; give a prefix of at most 125/],
  ['10.245.1.0/24', /is not inside --cluster-ip-subnet=10\.244\.0\.0\/16,fd00:10:244::\/48/],
  ['10.0.0.0/8', /is not inside --cluster-ip-subnet/],
]);

test("the gateway's addresses belong to one host, outside of the cluster", (t) => {
  t.deepEqual(readPhysicalIps('2001:db8::10/64,203.0.113.10/24', CLUSTER).map(formatCidr), [
    '203.0.113.10/24',
    '2001:db8::10/64',
  ]);
});

refuses('--physical-ip', (text) => readPhysicalIps(text, CLUSTER), [
  ['203.0.113.10', /has no mask; give it as 203\.0\.113\.10\/24/],
  ['203.0.113.0/24', /is not the address of one host/],
  ['203.0.113.255/24', /is not the address of one host/],
  ['224.0.0.1/24', /is not the address of one host/],
  ['127.0.0.1/8', /is not the address of one host/],
  ['fe80::1/64', /is not the address of one host/],
  ['10.244.3.3/24', /10\.244\.3\.3 is inside 10\.244\.0\.0\/16/],
  ['100.64.1.9/24', /100\.64\.1\.9 is inside 100\.64\.1\.0\/24/],
]);

test('an address of a family that the cluster lacks is refused alone, and accepted beside one of a family that it has', (t) => {
  const v4 = CLUSTER.slice(0, 1);
  t.throws(() => readPhysicalIps('2001:db8::10/64', v4), { message: /has no address of the family of/ });
  t.is(readPhysicalIps('203.0.113.10/24,2001:db8::10/64', v4).length, 2);
});

test('a default gateway may be outside of the subnet, or link-local', (t) => {
  t.deepEqual(readDefaultGateways('203.0.113.1', PHYSICAL), ['203.0.113.1']);
  t.deepEqual(readDefaultGateways('fe80::1,198.51.100.1', PHYSICAL), ['198.51.100.1', 'fe80::1']);
});

refuses('--default-gw', (text) => readDefaultGateways(text, PHYSICAL), [
  ['203.0.113.10', /is --physical-ip itself/],
  ['203.0.113.0', /is not the address of one host/],
  ['203.0.113.255', /is not the address of one host/],
  ['224.0.0.1', /is not the address of one host/],
  ['203.0.113.1,203.0.113.2', /at most one IPv4 and one IPv6/],
  ['router', /is not an IPv4 or IPv6 address/],
]);

test('a default gateway needs an address of its family', (t) => {
  t.throws(() => readDefaultGateways('2001:db8::1', PHYSICAL.slice(0, 1)), {
    instanceOf: UsageError,
    message: /--physical-ip has no address of the family of 2001:db8::1/,
  });
});

test('rampout subnets may be several of one family; host bits are cleared', (t) => {
  t.deepEqual(readRampout('10.244.8.7/24,10.244.9.0/24', CLUSTER).map(formatCidr), [
    '10.244.8.0/24',
    '10.244.9.0/24',
  ]);
});

refuses('--rampout-ip-subnets', (text) => readRampout(text, CLUSTER), [
  ['192.0.2.0/24', /is not inside --cluster-ip-subnet/],
  ['10.244.8.0/24,10.244.8.128/25', /10\.244\.8\.0\/24 and 10\.244\.8\.128\/25 overlap/],
  ['nonsense', /is not an IPv4 or IPv6 address/],
]);

test('a port range is LO-HI, or none', (t) => {
  t.deepEqual(readSnatRange('61000-65535'), { lo: 61_000, hi: 65_535 });
  t.is(readSnatRange('none'), undefined);
});

refuses('--snat-port-range', readSnatRange, [
  ['5-4', /give LO-HI/],
  ['61000', /give LO-HI/],
  ['61000-65536', /give LO-HI/],
]);

test('--service-ip-subnet is one subnet a family, or none', (t) => {
  const read = (text: string) => readServiceSubnetsOption(text, CLUSTER).map(formatCidr);
  t.deepEqual(read('fd00:10:96::/112,10.96.0.0/12'), ['10.96.0.0/12', 'fd00:10:96::/112']);
  t.deepEqual(read('none'), []);
});

refuses('--service-ip-subnet', (text) => readServiceSubnetsOption(text, CLUSTER), [
  ['10.0.0.0/8', /overlaps --cluster-ip-subnet=10\.244\.0\.0\/16; give the API server's/],
  ['fd00:10:244:9::/112', /overlaps --cluster-ip-subnet=fd00:10:244::\/48/],
  ['100.64.0.0/10', /overlaps 100\.64\.1\.0\/24 of the switch between the routers/],
  ['10.96.0.1/16', /has host bits/],
  ['', /is not an IPv4 or IPv6 address/],
]);
