import { formatCidr, networkOf } from '../net/cidr.js';
import { type Claim, cidrOrUndefined, claimOf, claimOfText, networkClaims } from '../net/claims.js';
import type { IpAddress } from '../net/ip.js';
import { type MacAddress, parseMac } from '../net/mac.js';
import { JOIN_NETWORKS } from './addresses.js';
import type { NorthboundView } from './connection.js';
import { KEYS } from './keys.js';
import { JOIN_SWITCH, nodeOfGatewayRouter, nodeOfOutsidePort, nodeOfRouterPort } from './names.js';
import { list } from './read_row.js';

/** The tables that {@link rowClaims} reads. */
export const CLAIMING_TABLES = [
  'Logical_Router',
  'Logical_Router_Port',
  'Logical_Router_Static_Route',
  'NAT',
] as const;

/**
 * Returns the addresses and networks that OVN's rows give an owner: the subnets of the cluster, of services, of `join`
 * and of the nodes, the gateways' addresses, and the routers behind them. A row that cannot be read claims nothing.
 */
export function rowClaims(db: NorthboundView): Claim[] {
  return [
    ...JOIN_NETWORKS.map((network) => ({
      network,
      what: `in switch ${JOIN_SWITCH}'s ${formatCidr(network)}`,
    })),
    ...db
      .filter('Logical_Router', () => true)
      .flatMap((row) => [...routerClaims(row), ...serviceClaims(row)]),
    ...db.filter('Logical_Router_Port', () => true).flatMap(portClaims),
    ...nextHops(db).flatMap((nexthop) => claimOfText(nexthop, 'the next hop of a route')),
    // A speaker puts external addresses on a host, for whose addresses gateways have rules.
    ...db.filter('NAT', ({ external_ids }) => !external_ids.has(KEYS.host)).flatMap(natClaims),
  ];
}

/** Returns the next hops of all routes, each once, so that another route to one of them is no other claim. */
function nextHops(db: NorthboundView): string[] {
  const routes = db.filter('Logical_Router_Static_Route', () => true);
  return [...new Set(routes.map(({ nexthop }) => nexthop))].toSorted();
}

/** Returns the MACs of all gateways: one of them may still answer for an address that this gateway takes over. */
export function gatewayMacs(db: NorthboundView): MacAddress[] {
  return db
    .filter('Logical_Router_Port', ({ name }) => nodeOfOutsidePort(name) !== undefined)
    .flatMap(({ mac }) => {
      try {
        return [parseMac(mac)];
      } catch {
        return [];
      }
    });
}

/** Returns the addresses of all gateways on the network. */
export function gatewayAddresses(db: NorthboundView): IpAddress[] {
  return db
    .filter('Logical_Router', ({ name }) => nodeOfGatewayRouter(name) !== undefined)
    .flatMap((router) => routerClaims(router).map(({ network }) => network.address));
}

function routerClaims({
  name,
  external_ids,
}: {
  readonly name: string;
  readonly external_ids: ReadonlyMap<string, string>;
}): Claim[] {
  const texts = (external_ids.get(KEYS.physicalIp) ?? '').split(',');
  const what = `an address of gateway ${nodeOfGatewayRouter(name) ?? name}`;
  return texts.flatMap((text) => claimOfText(text.split('/')[0] ?? '', what));
}

/** Returns the claims on the subnets of all ClusterIPs. Another service's address is no external address. */
function serviceClaims({ external_ids }: { readonly external_ids: ReadonlyMap<string, string> }): Claim[] {
  return list(external_ids.get(KEYS.serviceSubnets)).flatMap((text) => {
    const cidr = cidrOrUndefined(text);
    if (cidr === undefined) return [];
    const network = networkOf(cidr);
    return [{ network, what: `in ${formatCidr(network)}, the subnet of services` }];
  });
}

function portClaims({
  name,
  networks,
}: {
  readonly name: string;
  readonly networks: readonly string[];
}): Claim[] {
  const cidrs = networks.flatMap((text) => cidrOrUndefined(text) ?? []);
  const outside = nodeOfOutsidePort(name);
  if (outside !== undefined) {
    // The rest of this network is where external addresses are served.
    return cidrs.flatMap((cidr) => [
      claimOf(cidr.address, `an address of gateway ${outside}`),
      ...networkClaims(cidr),
    ]);
  }
  const node = nodeOfRouterPort(name);
  return cidrs.map((cidr) => ({
    network: networkOf(cidr),
    what: `in ${formatCidr(networkOf(cidr))}, the subnet of ${node === undefined ? `router port ${name}` : `node ${node}`}`,
  }));
}

function natClaims({
  type,
  external_ip,
  logical_ip,
}: {
  readonly type: string;
  readonly external_ip: string;
  readonly logical_ip: string;
}): Claim[] {
  const logical = cidrOrUndefined(logical_ip);
  return [
    ...claimOfText(external_ip, `an address of OVN's NAT (${type})`),
    // A translation of everything claims nothing.
    ...(logical === undefined || logical.prefix === 0
      ? []
      : [{ network: networkOf(logical), what: `in the cluster's ${formatCidr(networkOf(logical))}` }]),
  ];
}
