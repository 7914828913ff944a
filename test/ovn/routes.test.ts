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
    clusterSubnets: [],
    subnets: [],
    ...more,
  };
}

/** Returns the routes, without those to the gateway routers' own addresses. */
function texts(gateways: readonly Gateway[]): string[] {
  return gatewayRoutes(gateways)
    .filter(({ is }) => !String(is.ip_prefix).startsWith(`${is.nexthop}/`))
    .map(({ is }) => [is.policy ?? 'dst-ip', is.ip_prefix, is.nexthop].join(' '));
}

const SUBNET = [parseCidr('10.244.2.0/24')];

test('the default route leads to the first gateway, in the families of its addresses', (t) => {
  t.deepEqual(texts([gateway('a', 2, { isFirst: true }), gateway('b', 3)]), ['dst-ip 0.0.0.0/0 100.64.1.2']);
  const both = { isFirst: true, physical: [parseIp('203.0.113.2'), parseIp('2001:db8::2')] };
  t.deepEqual(texts([gateway('a', 2, both)]), ['dst-ip 0.0.0.0/0 100.64.1.2', 'dst-ip ::/0 fd98:64::2']);
});

test("the subnet of a gateway's node leaves by that gateway, and the shared address leads to the host", (t) => {
  t.deepEqual(texts([gateway('a', 2, { subnets: SUBNET })]), [
    'src-ip 10.244.2.0/24 100.64.1.2',
    'dst-ip 203.0.113.2/32 10.244.2.2',
  ]);
});

test('the address of a dedicated NIC does not lead to the host', (t) => {
  t.deepEqual(texts([gateway('a', 2, { subnets: SUBNET, isShared: false })]), [
    'src-ip 10.244.2.0/24 100.64.1.2',
  ]);
});

test('a ramped-out subnet has one route, to the gateway that ramps it out', (t) => {
  const other = gateway('b', 3, { rampout: [parseCidr('10.244.0.0/20')] });
  t.deepEqual(texts([gateway('a', 2, { subnets: SUBNET }), other]), [
    'dst-ip 203.0.113.2/32 10.244.2.2',
    'src-ip 10.244.0.0/20 100.64.1.3',
  ]);
  t.deepEqual(texts([gateway('a', 2, { subnets: SUBNET, rampout: SUBNET, isShared: false })]), [
    'src-ip 10.244.2.0/24 100.64.1.2',
  ]);
});

test('each address of a gateway router has a route, which is longer than any by source', (t) => {
  const routes = gatewayRoutes([gateway('a', 2), gateway('b', 3)]).map(
    ({ is }) => `${is.ip_prefix} ${is.nexthop}`,
  );
  t.deepEqual(routes, [
    ...['100.64.1.2/32 100.64.1.2', 'fd98:64::2/128 fd98:64::2'],
    ...['100.64.1.3/32 100.64.1.3', 'fd98:64::3/128 fd98:64::3'],
  ]);
});

test('if no gateway is the first, the one with the lowest name becomes it', (t) => {
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
