import { type Cidr, contains, formatCidr, networkOf, overlaps } from '../net/cidr.js';
import { cidrOrUndefined } from '../net/claims.js';
import { ProductError } from '../net/errors.js';
import type { NorthboundView } from '../ovn/connection.js';
import { findClusterRouter, type Gateway, subnetsOf } from '../ovn/gateways.js';
import { KEYS } from '../ovn/keys.js';
import { gatewayRouterName, JOIN_SWITCH, nodeOfRouterPort, toSwitch } from '../ovn/names.js';
import type { NodeHost } from '../ovn/node_hosts.js';
import { sourceSubnets } from '../ovn/routes.js';

/** Refuses a second cluster router. @throws ProductError `ERR_OTHER_CLUSTER` */
export function refuseOtherCluster(db: NorthboundView, node: string): void {
  const router = findClusterRouter(db);
  if (router !== undefined && router !== node) {
    throw new ProductError(
      'ERR_OTHER_CLUSTER',
      `--node-name=${node}: OVN_Northbound has cluster router ${router} already; run master-init with --node-name=${router}, or minion-init on this node`,
    );
  }
}

/** Refuses subnets that overlap another logical switch's. @throws ProductError `ERR_OVERLAP` */
export function refuseOverlap(
  db: NorthboundView,
  option: string,
  node: string,
  subnets: readonly Cidr[],
): void {
  for (const row of db.table('Logical_Switch').values()) {
    if (row.name === node || row.name === JOIN_SWITCH) continue;
    for (const other of subnetsOf(row)) {
      const mine = subnets.find((subnet) => overlaps(subnet, other));
      if (mine !== undefined) {
        throw new ProductError(
          'ERR_OVERLAP',
          `${option}=${formatCidr(mine)}: overlaps ${formatCidr(other)} of Logical_Switch ${row.name}; give each node a subnet of its own`,
        );
      }
    }
  }
}

/**
 * Refuses subnets of services that overlap a network of a router: another node's, a gateway's, an operator's. The port
 * to the switch of `node` itself may be about to change.
 * @throws ProductError `ERR_OVERLAP`
 */
export function refuseServiceOverlap(db: NorthboundView, node: string, services: readonly Cidr[]): void {
  const ports = db.filter('Logical_Router_Port', ({ name }) => name !== toSwitch(node));
  for (const { name, networks } of ports)
    for (const network of networks.flatMap((text) => cidrOrUndefined(text) ?? []))
      refuseServiceNetwork(services, network, `of Logical_Router_Port ${name}`);
}

/** Refuses a network that overlaps a subnet of services. @throws ProductError `ERR_OVERLAP` */
export function refuseServiceNetwork(services: readonly Cidr[], network: Cidr, what: string): void {
  const mine = services.find((service) => overlaps(service, network));
  if (mine !== undefined) {
    throw new ProductError(
      'ERR_OVERLAP',
      `--service-ip-subnet=${formatCidr(mine)}: overlaps ${formatCidr(networkOf(network))} ${what}; give services a subnet of their own`,
    );
  }
}

/**
 * Refuses rampout subnets that would break the cluster, or that already leave by another route.
 * @throws ProductError `ERR_RAMPOUT`
 */
export function refuseRampout(
  db: NorthboundView,
  others: readonly Gateway[],
  rampout: readonly Cidr[],
): void {
  const no = (subnet: Cidr, why: string) =>
    new ProductError('ERR_RAMPOUT', `--rampout-ip-subnets=${formatCidr(subnet)}: ${why}`);
  for (const subnet of rampout) {
    for (const row of db.table('Logical_Switch').values()) {
      const wide = subnetsOf(row).find((one) => contains(one, subnet.address) && one.prefix < subnet.prefix);
      if (wide !== undefined) {
        throw no(
          subnet,
          `is longer than ${formatCidr(wide)} of Logical_Switch ${row.name}, so its route would take the traffic to other nodes too; give ${formatCidr(wide)}`,
        );
      }
    }
    const other = others.find((gateway) => gateway.rampout.some((one) => overlaps(one, subnet)));
    if (other !== undefined) {
      throw no(
        subnet,
        `leaves by ${gatewayRouterName(other.node)} already; run gateway-init on ${other.node} without it first`,
      );
    }
    const foreign = foreignRoute(db, subnet);
    if (foreign !== undefined) {
      throw no(
        subnet,
        `a src-ip route of the cluster router sends it to ${foreign}; delete that route with ovn-nbctl lr-route-del`,
      );
    }
  }
}

/**
 * Refuses a node's subnet that is shorter than one which leaves by a gateway: the src-ip route of the longer one beats the
 * connected route to the shorter one, so traffic from one to the other would leave the cluster.
 * @param nodes the subnets of all nodes, as they will be
 * @throws ProductError `ERR_SUBNET_LENGTH`
 */
export function refuseSubnetLengths(
  gateways: readonly Gateway[],
  nodes: readonly { readonly node: string; readonly subnets: readonly Cidr[] }[],
): void {
  for (const gateway of gateways)
    for (const long of sourceSubnets(gateways, gateway))
      for (const { node, subnets } of nodes) {
        const short = subnets.find(({ family, prefix }) => family === long.family && prefix < long.prefix);
        if (short !== undefined) {
          throw new ProductError(
            'ERR_SUBNET_LENGTH',
            `${formatCidr(networkOf(long))}, which leaves by ${gatewayRouterName(gateway.node)}, is longer than ${formatCidr(networkOf(short))} of node ${node}: pods of one would not reach the other; give all nodes subnets of one length`,
          );
        }
      }
}

/** Returns the subnets of all nodes; `own` replaces those of `node`. */
export function nodeSubnets(
  db: NorthboundView,
  node: string,
  own: readonly Cidr[],
): { readonly node: string; readonly subnets: readonly Cidr[] }[] {
  const others = db.filter(
    'Logical_Switch',
    ({ name, external_ids }) => name !== node && external_ids.has(KEYS.gatewayIp),
  );
  return [...others.map((row) => ({ node: row.name, subnets: subnetsOf(row) })), { node, subnets: own }];
}

/** Refuses addresses of another gateway or of another node's host. @throws ProductError `ERR_ADDRESS_TAKEN` */
export function refuseTakenAddress(
  others: readonly Gateway[],
  hosts: readonly NodeHost[],
  physical: readonly Cidr[],
): void {
  for (const { address } of physical) {
    const host = hosts.find(({ addresses }) => addresses.includes(address));
    if (host !== undefined) {
      throw new ProductError(
        'ERR_ADDRESS_TAKEN',
        `--physical-ip=${address}: is an address of node ${host.node}; give an address of this host, or remove it there`,
      );
    }
    const other = others.find((gateway) => gateway.physical.includes(address));
    if (other !== undefined) {
      throw new ProductError(
        'ERR_ADDRESS_TAKEN',
        `--physical-ip=${address}: is the address of ${gatewayRouterName(other.node)}; give an address of this host, or run gateway-deinit on ${other.node}`,
      );
    }
  }
}

/** Refuses a node that is a gateway. @throws ProductError `ERR_IN_USE` */
export function refuseGatewayNode(gateways: readonly Gateway[], node: string): void {
  if (gateways.some((gateway) => gateway.node === node)) {
    throw new ProductError(
      'ERR_IN_USE',
      `${node} is a gateway; run gateway-deinit --node-name=${node} first`,
    );
  }
}

/** Refuses a cluster that has other nodes or gateways. @throws ProductError `ERR_IN_USE` */
export function refuseUsedCluster(db: NorthboundView, node: string, gateways: readonly Gateway[]): void {
  const nodes = [...db.table('Logical_Router_Port').values()]
    .flatMap(({ name }) => nodeOfRouterPort(name) ?? [])
    .filter((other) => other !== node)
    .toSorted();
  const inUse = [...nodes, ...gateways.map((gateway) => gatewayRouterName(gateway.node))];
  if (inUse.length > 0) {
    throw new ProductError(
      'ERR_IN_USE',
      `cluster router ${node} still serves ${inUse.join(', ')}; run gateway-deinit and minion-deinit there first`,
    );
  }
}

/** Returns the next hop of a src-ip route for the subnet that an operator made; `undefined` if there is none. */
function foreignRoute(db: NorthboundView, subnet: Cidr): string | undefined {
  const routers = db.filter(
    'Logical_Router',
    ({ external_ids }) => external_ids.get(KEYS.clusterRouter) === 'yes',
  );
  return routers
    .flatMap((router) => router.static_routes)
    .flatMap((uuid) => db.table('Logical_Router_Static_Route').get(uuid) ?? [])
    .find(
      (row) =>
        row.policy === 'src-ip' &&
        row.ip_prefix === formatCidr(subnet) &&
        !row.external_ids.has(KEYS.gateway),
    )?.nexthop;
}
