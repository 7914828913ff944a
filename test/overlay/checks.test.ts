import test from 'ava';
import { parseCidr } from '../../src/net/cidr.js';
import { parseIp } from '../../src/net/ip.js';
import {
  refuseGatewayNode,
  refuseOtherCluster,
  refuseOverlap,
  refuseRampout,
  refuseSubnetLengths,
  refuseTakenAddress,
  refuseUsedCluster,
} from '../../src/overlay/checks.js';
import type { Gateway } from '../../src/ovn/gateways.js';
import { emptyNorthbound, write } from '../ovn/northbound.js';

function gateway(node: string, more: Partial<Gateway> = {}): Gateway {
  return {
    node,
    join: [],
    isFirst: false,
    physical: [],
    isShared: true,
    rampout: [],
    clusterSubnets: [],
    subnets: [],
    ...more,
  };
}

test("a second cluster router is refused, and the cluster's own is not", async (t) => {
  const nb = await emptyNorthbound(t);
  t.notThrows(() => refuseOtherCluster(nb, 'm'));
  await write(nb, (txn) => {
    txn.insert('Logical_Router', { name: 'theirs' });
    txn.insert('Logical_Router', { name: 'm', external_ids: new Map([['k8s-cluster-router', 'yes']]) });
  });
  t.notThrows(() => refuseOtherCluster(nb, 'm'));
  t.throws(() => refuseOtherCluster(nb, 'other'), {
    code: 'ERR_OTHER_CLUSTER',
    message: /--node-name=other: .*run master-init with --node-name=m/,
  });
});

test("subnets that overlap another switch's are refused; the node's own and join are not looked at", async (t) => {
  const nb = await emptyNorthbound(t);
  await write(nb, (txn) => {
    const config = (subnet: string) => ({ other_config: new Map([['subnet', subnet]]) });
    txn.insert('Logical_Switch', { name: 'far', ...config('10.244.9.0/24') });
    txn.insert('Logical_Switch', { name: 'near', ...config('10.244.1.0/24') });
    txn.insert('Logical_Switch', { name: 'join', ...config('10.244.2.0/24') });
    txn.insert('Logical_Switch', { name: 'bare' });
  });
  const refuse = (...subnets: string[]) => refuseOverlap(nb, '--s', 'near', subnets.map(parseCidr));
  t.notThrows(() => refuse('10.244.1.0/24', 'fd00::/64'));
  t.notThrows(() => refuse('10.244.2.0/24'));
  for (const subnet of ['10.244.9.0/26', '10.244.8.0/23'])
    t.throws(() => refuse('fd00::/64', subnet), {
      code: 'ERR_OVERLAP',
      message: /^--s=10\.244\.\S+: overlaps 10\.244\.9\.0\/24 of Logical_Switch far;/,
    });
});

test('a rampout subnet that is a whole switch or wider is taken; part of a switch is refused', async (t) => {
  const nb = await emptyNorthbound(t);
  await write(nb, (txn) => {
    txn.insert('Logical_Switch', { name: 'far', other_config: new Map([['subnet', '10.244.9.0/24']]) });
  });
  const refuse = (subnet: string) => refuseRampout(nb, [], [parseCidr(subnet)]);
  t.notThrows(() => refuse('10.244.9.0/24'));
  t.notThrows(() => refuse('10.244.8.0/23'));
  t.throws(() => refuse('10.244.9.0/25'), {
    code: 'ERR_RAMPOUT',
    message: /--rampout-ip-subnets=10\.244\.9\.0\/25: is longer than 10\.244\.9\.0\/24 of Logical_Switch far/,
  });
});

test('a rampout subnet of another gateway is refused', async (t) => {
  const nb = await emptyNorthbound(t);
  const others = [gateway('far', { rampout: [parseCidr('10.244.8.0/24')] })];
  t.notThrows(() => refuseRampout(nb, others, [parseCidr('10.244.7.0/24')]));
  t.throws(() => refuseRampout(nb, others, [parseCidr('10.244.8.0/23')]), {
    code: 'ERR_RAMPOUT',
    message: /leaves by GR_far already; run gateway-init on far/,
  });
});

test("a rampout subnet of an operator's src-ip route is refused; routes of the product are not in the way", async (t) => {
  const nb = await emptyNorthbound(t);
  await write(nb, (txn) => {
    const nexthop = '100.64.1.9';
    const rows = [
      { ip_prefix: '10.244.1.0/24', nexthop, policy: 'src-ip' },
      {
        ip_prefix: '10.244.2.0/24',
        nexthop,
        policy: 'src-ip',
        external_ids: new Map([['k8s-gateway', 'yes']]),
      },
      { ip_prefix: '10.244.3.0/24', nexthop },
    ].map((row) => txn.insert('Logical_Router_Static_Route', row));
    txn.insert('Logical_Router', {
      name: 'm',
      external_ids: new Map([['k8s-cluster-router', 'yes']]),
      static_routes: rows,
    });
    const elsewhere = txn.insert('Logical_Router_Static_Route', {
      ip_prefix: '10.244.4.0/24',
      nexthop,
      policy: 'src-ip',
    });
    txn.insert('Logical_Router', { name: 'theirs', static_routes: [elsewhere] });
  });
  t.throws(() => refuseRampout(nb, [], [parseCidr('10.244.1.0/24')]), {
    code: 'ERR_RAMPOUT',
    message: /a src-ip route of the cluster router sends it to 100\.64\.1\.9/,
  });
  for (const free of ['10.244.2.0/24', '10.244.3.0/24', '10.244.4.0/24'])
    t.notThrows(() => refuseRampout(nb, [], [parseCidr(free)]), free);
});

test("another gateway's address is refused, and one of another node's host", (t) => {
  const others = [gateway('far', { physical: [parseIp('203.0.113.99'), parseIp('2001:db8::99')] })];
  t.notThrows(() => refuseTakenAddress(others, [], [parseCidr('203.0.113.10/24')]));
  for (const taken of ['203.0.113.99/16', '2001:db8::99/64'])
    t.throws(() => refuseTakenAddress(others, [], [parseCidr('203.0.113.10/24'), parseCidr(taken)]), {
      code: 'ERR_ADDRESS_TAKEN',
      message: /is the address of GR_far; .*run gateway-deinit on far/,
    });
  const host = { node: 'b', addresses: [parseIp('203.0.113.12'), parseIp('203.0.113.70')], management: [] };
  t.throws(() => refuseTakenAddress(others, [host], [parseCidr('203.0.113.70/24')]), {
    code: 'ERR_ADDRESS_TAKEN',
    message: /is an address of node b; give an address of this host/,
  });
});

test('a subnet that leaves by a gateway may not be longer than a subnet of any node', (t) => {
  const nodes = (...texts: readonly string[]) =>
    texts.map((text) => ({ node: 'n', subnets: [parseCidr(text)] }));
  const long = [gateway('gw', { subnets: [parseCidr('10.244.2.0/26'), parseCidr('fd00:2::/80')] })];
  t.notThrows(() => refuseSubnetLengths(long, nodes('10.244.2.0/26', '10.244.2.64/26', 'fd00:3::/80')));
  t.notThrows(() => refuseSubnetLengths([gateway('gw')], nodes('10.244.0.0/16')));
  t.throws(() => refuseSubnetLengths(long, nodes('10.244.2.64/26', '10.244.3.0/24')), {
    code: 'ERR_SUBNET_LENGTH',
    message: /^10\.244\.2\.0\/26, which leaves by GR_gw, is longer than 10\.244\.3\.0\/24 of node n:/,
  });
  t.throws(() => refuseSubnetLengths(long, nodes('fd00:3::/64')), { code: 'ERR_SUBNET_LENGTH' });
  const ramped = [gateway('gw', { rampout: [parseCidr('10.244.2.0/25')] })];
  t.throws(() => refuseSubnetLengths(ramped, nodes('10.244.3.0/24')), { code: 'ERR_SUBNET_LENGTH' });
});

test('a node that is a gateway is refused', (t) => {
  t.notThrows(() => refuseGatewayNode([gateway('b')], 'a'));
  t.throws(() => refuseGatewayNode([gateway('b'), gateway('a')], 'a'), {
    code: 'ERR_IN_USE',
    message: /^a is a gateway; run gateway-deinit --node-name=a first/,
  });
});

test('a cluster that has other nodes or gateways is refused, naming them', async (t) => {
  const nb = await emptyNorthbound(t);
  await write(nb, (txn) => {
    const ports = ['rtos-m', 'rtoj-m', 'rtos-b'].map((name) =>
      txn.insert('Logical_Router_Port', { name, mac: '02:00:00:00:00:01', networks: ['192.0.2.1/24'] }),
    );
    txn.insert('Logical_Router', { name: 'm', ports: ports.slice(0, 2) });
    txn.insert('Logical_Router', { name: 'theirs', ports: ports.slice(2) });
  });
  t.throws(() => refuseUsedCluster(nb, 'm', [gateway('c')]), {
    code: 'ERR_IN_USE',
    message: /^cluster router m still serves b, GR_c; run gateway-deinit and minion-deinit there first/,
  });
  await write(nb, (txn) => {
    for (const { _uuid, name } of nb.table('Logical_Router').values())
      if (name === 'theirs') txn.delete('Logical_Router', _uuid);
  });
  t.notThrows(() => refuseUsedCluster(nb, 'm', []));
});
