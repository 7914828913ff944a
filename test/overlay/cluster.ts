import { parseCidr } from '../../src/net/cidr.js';
import { parseIp } from '../../src/net/ip.js';
import { parseMac } from '../../src/net/mac.js';
import { type GatewaySpec, gatewayRows } from '../../src/overlay/gateway_router.js';
import {
  clusterBalancers,
  clusterRouter,
  joinSwitch,
  managementOf,
  nodeSwitch,
  portToSwitch,
} from '../../src/overlay/topology.js';
import { joinAddresses } from '../../src/ovn/addresses.js';
import type { Northbound } from '../../src/ovn/connection.js';
import { gatewaySets } from '../../src/ovn/gateway_sets.js';
import { type Gateway, readGateways } from '../../src/ovn/gateways.js';
import { gatewayRoutes, ROUTER_MARK } from '../../src/ovn/routes.js';
import type { Wanted } from '../../src/ovn/rows.js';
import type { Uuid } from '../../src/ovsdb/columns.js';

const CLUSTER = [parseCidr('10.244.0.0/16')];
const SERVICES = [parseCidr('10.96.0.0/16')];

/** Returns the rows of cluster router `m` and of one node's switch, `10.244.N.0/24`. */
export function nodeRows(node: string, n: number): Wanted[] {
  const subnets = [parseCidr(`10.244.${n}.0/24`)];
  const balancers = clusterBalancers();
  return [
    balancers,
    clusterRouter('m', { ports: [portToSwitch(node, subnets)] }),
    joinSwitch('m'),
    nodeSwitch(node, subnets, managementOf(subnets), balancers),
  ];
}

/** Returns a gateway on `breth0` with addresses 203.0.113.N and 100.64.1.N. */
export function gatewaySpec(node: string, n: number, more: Partial<GatewaySpec> = {}): GatewaySpec {
  const gateway: Gateway = {
    node,
    join: joinAddresses(n),
    physical: [parseIp(`203.0.113.${n}`)],
    isFirst: false,
    isShared: true,
    rampout: [],
    subnets: [],
    clusterSubnets: CLUSTER,
  };
  return {
    node,
    chassis: node,
    device: 'breth0',
    isShared: true,
    mac: parseMac('02:00:00:00:00:0a'),
    mtu: 1500,
    physical: [parseCidr(`203.0.113.${n}/24`)],
    join: joinAddresses(n),
    clusterSubnets: CLUSTER,
    defaultGateways: [parseIp('203.0.113.1')],
    rampout: [],
    snatRange: { lo: 61_000, hi: 65_535 },
    isFirst: false,
    sets: gatewaySets([gateway], SERVICES),
    ...more,
  };
}

/** Returns the rows of a gateway, its port on switch `join` included. */
export function rowsOfGateway(spec: GatewaySpec): Wanted[] {
  return [joinSwitch(`GR_${spec.node}`), ...gatewayRows(spec)];
}

/** Returns the cluster router's routes for the gateways that the northbound has. */
export function routeRows(nb: Northbound): Wanted[] {
  return [
    clusterRouter('m', { static_routes: gatewayRoutes(readGateways(nb)) }, { static_routes: ROUTER_MARK }),
  ];
}

/** Returns the routes of a logical router as `PREFIX NEXTHOP`, sorted. */
export function routesOf(nb: Northbound, router: string): string[] {
  const row = nb.find('Logical_Router', ({ name }) => name === router);
  return (row?.static_routes ?? [])
    .flatMap((uuid) => nb.table('Logical_Router_Static_Route').get(uuid) ?? [])
    .map(({ ip_prefix, nexthop }) => `${ip_prefix} ${nexthop}`)
    .toSorted();
}

/** Returns the names of the groups of load balancers that a switch or a router has, sorted. */
export function groupsOf(
  nb: Northbound,
  row: { readonly load_balancer_group: readonly Uuid[] } | undefined,
): string[] {
  const groups = nb.table('Load_Balancer_Group');
  return (row?.load_balancer_group ?? []).flatMap((uuid) => groups.get(uuid)?.name ?? []).toSorted();
}

/** Returns the names of a northbound table's rows, sorted. */
export function namesOf(
  nb: Northbound,
  table: 'Logical_Router' | 'Logical_Switch' | 'Load_Balancer' | 'Load_Balancer_Group',
): string[] {
  return [...nb.table(table).values()].map(({ name }) => name).toSorted();
}
