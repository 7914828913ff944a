import test from 'ava';
import { formatCidr } from '../../src/net/cidr.js';
import { type Ipv4Address, parseIp } from '../../src/net/ip.js';
import { readPodSubnets } from '../../src/ovn/pod_subnets.js';
import type { PodNetwork } from '../../src/ovn/pods.js';
import { freshNetwork, reportedNetwork } from '../../src/watcher/desired_pod_network.js';

const BOTH = subnets('10.244.1.1/24,fd00:10:244:1::1/64');
const V4 = subnets('10.244.1.1/24');
const V6 = subnets('fd00:10:244:1::1/64');
const FIVE = parseIp('10.244.1.5') as Ipv4Address;

function subnets(gatewayIp: string) {
  return readPodSubnets({
    name: 'gw1',
    external_ids: new Map([['gateway_ip', gatewayIp]]),
    other_config: new Map(),
  });
}

function text(network: PodNetwork | undefined): string | undefined {
  return network && [network.mac, ...network.addresses.map(formatCidr), 'via', ...network.gateways].join(' ');
}

function fresh(of: typeof BOTH, taken: readonly string[] = [], seed = 'u1') {
  return freshNetwork(
    of,
    () => FIVE,
    (one) => !taken.includes(one),
    seed,
  );
}

test('the MAC of a new pod follows from its IPv4 address, its IPv6 address from the MAC', (t) => {
  t.is(
    text(fresh(BOTH)),
    '0a:58:0a:f4:01:05 10.244.1.5/24 fd00:10:244:1:858:aff:fef4:105/64 via 10.244.1.1 fd00:10:244:1::1',
  );
  t.is(text(fresh(V4)), '0a:58:0a:f4:01:05 10.244.1.5/24 via 10.244.1.1');
});

test('a pod without IPv4 gets its MAC from a hash of its UID', (t) => {
  const [one, two] = [fresh(V6), fresh(V6, [], 'u2')];
  t.regex(text(one) ?? '', /^0a:58:[0-9a-f:]{11} fd00:10:244:1:858:[0-9a-f:]+\/64 via fd00:10:244:1::1$/);
  t.deepEqual(fresh(V6), one);
  t.notDeepEqual(one, two);
});

test('a MAC or an IPv6 address that a port has is not given', (t) => {
  for (const taken of ['0a:58:0a:f4:01:05', 'fd00:10:244:1:858:aff:fef4:105']) {
    const other = fresh(BOTH, [taken]);
    t.deepEqual(other?.addresses.map(formatCidr)[0], '10.244.1.5/24');
    t.false(text(other)?.includes(taken));
    t.false(text(other)?.startsWith('0a:58:0a:f4:01:05'));
  }
  const mac = fresh(V6)?.mac ?? '';
  t.not(fresh(V6, [mac])?.mac, mac);
});

test('in a subnet longer than 64 bits the IPv6 address has the last bits of the EUI-64', (t) => {
  t.is(
    text(fresh(subnets('10.244.1.1/24,fd00:10:244:1::1/112'))),
    '0a:58:0a:f4:01:05 10.244.1.5/24 fd00:10:244:1::105/112 via 10.244.1.1 fd00:10:244:1::1',
  );
});

test('without a free address there is no network, in either family', (t) => {
  t.is(
    freshNetwork(
      BOTH,
      () => undefined,
      () => true,
      'u1',
    ),
    undefined,
  );
  t.is(
    freshNetwork(
      V6,
      () => undefined,
      () => false,
      'u1',
    ),
    undefined,
  );
});

function reported(of: typeof BOTH, ips: readonly string[], taken: readonly string[] = []) {
  return text(reportedNetwork(of, ips.map(parseIp), (one) => !taken.includes(one)));
}

test('a running pod keeps the addresses that kubelet reports, and its MAC follows from them', (t) => {
  t.is(reported(V4, ['10.244.1.5']), '0a:58:0a:f4:01:05 10.244.1.5/24 via 10.244.1.1');
  // The MAC that an earlier version's pod had from OVN.
  t.is(
    reported(BOTH, ['10.244.1.5', 'fd00:10:244:1:28e8:10ff:fef4:203']),
    '2a:e8:10:f4:02:03 10.244.1.5/24 fd00:10:244:1:28e8:10ff:fef4:203/64 via 10.244.1.1 fd00:10:244:1::1',
  );
  for (const of of [BOTH, V6]) {
    const own = freshNetwork(
      of,
      () => FIVE,
      () => true,
      'u1',
    );
    const ips = own?.addresses.map(({ address }) => address) ?? [];
    t.deepEqual(
      reportedNetwork(of, ips, () => true),
      own,
    );
  }
});

test('addresses that are not those of a pod on the switch, or not free, are not kept', (t) => {
  for (const ips of [
    [],
    ['10.244.2.5'],
    ['10.244.1.1'],
    ['10.244.1.0'],
    ['10.244.1.255'],
    ['fd00:10:244:1::5'],
    ['10.244.1.5', 'fd00:9::858:aff:fef4:105'],
  ])
    t.is(reported(BOTH, ips), undefined, ips.join());
  t.is(reported(V6, ['fd00:10:244:1::5']), undefined, 'no MAC follows from it');
  for (const taken of ['10.244.1.5', '0a:58:0a:f4:01:05'])
    t.is(reported(V4, ['10.244.1.5'], [taken]), undefined, taken);
});
