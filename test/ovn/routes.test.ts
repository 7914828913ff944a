import test from 'ava';
import { parseCidr } from '../../src/net/cidr.js';
import { parseIp } from '../../src/net/ip.js';
import type { Gateway } from '../../src/ovn/gateways.js';
import { gatewayRoutes, withFirst } from '../../src/ovn/routes.js';

function gateway(node: string, n: number, more: Partial<Gateway> = {}): Gateway {
  return {
    node,
    join: [parseCidr(`100.64.1.${n}/24`), parseCidr(`fd98:64::${n}/64`)],
    isFirst: false,
    physical: [parseIp(`203.0.113.${n}`)],
    isShared: true,
    rampout: [],
    subnets: [],
    ...more,
  };
}

function texts(gateways: readonly Gateway[]): string[] {
  return gatewayRoutes(gateways).map(({ is }) => [is.policy ?? 'dst-ip', is.ip_prefix, is.nexthop].join(' '));
}

const SUBNET = [parseCidr('10.244.2.0/24')];

test('the first gateway has the default route, of the families that it has an address of', (t) => {
  t.deepEqual(texts([gateway('a', 2, { isFirst: true }), gateway('b', 3)]), ['dst-ip 0.0.0.0/0 100.64.1.2']);
  const both = { isFirst: true, physical: [parseIp('203.0.113.2'), parseIp('2001:db8::2')] };
  t.deepEqual(texts([gateway('a', 2, both)]), ['dst-ip 0.0.0.0/0 100.64.1.2', 'dst-ip ::/0 fd98:64::2']);
});

test("a gateway's own subnet leaves by it, and its address is reached at its host", (t) => {
  t.deepEqual(texts([gateway('a', 2, { subnets: SUBNET })]), [
    'src-ip 10.244.2.0/24 100.64.1.2',
    'dst-ip 203.0.113.2/32 10.244.2.2',
  ]);
});

test('the address of a NIC that is the gateway alone is not looked for at the host', (t) => {
  t.deepEqual(texts([gateway('a', 2, { subnets: SUBNET, isShared: false })]), [
    'src-ip 10.244.2.0/24 100.64.1.2',
  ]);
});

test('a subnet that a gateway ramps out leaves by that one only, and once', (t) => {
  const other = gateway('b', 3, { rampout: [parseCidr('10.244.0.0/20')] });
  t.deepEqual(texts([gateway('a', 2, { subnets: SUBNET }), other]), [
    'dst-ip 203.0.113.2/32 10.244.2.2',
    'src-ip 10.244.0.0/20 100.64.1.3',
  ]);
  t.deepEqual(texts([gateway('a', 2, { subnets: SUBNET, rampout: SUBNET, isShared: false })]), [
    'src-ip 10.244.2.0/24 100.64.1.2',
  ]);
});

test('without a first gateway the lowest name is it', (t) => {
  const first = (gateways: readonly Gateway[]) => withFirst(gateways).filter(({ isFirst }) => isFirst);
  t.deepEqual(
    first([gateway('a', 2), gateway('b', 3)]).map(({ node }) => node),
    ['a'],
  );
  t.deepEqual(
    first([gateway('a', 2), gateway('b', 3, { isFirst: true })]).map(({ node }) => node),
    ['b'],
  );
  t.deepEqual(withFirst([]), []);
});
