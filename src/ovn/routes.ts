import { type Cidr, covers, formatCidr, networkOf } from '../net/cidr.js';
import { FAMILIES, familyOf, type IpAddress } from '../net/ip.js';
import { anywhere, managementAddresses, ofFamily } from './addresses.js';
import type { Gateway } from './gateways.js';
import { KEYS } from './keys.js';
import { gatewayRouterName } from './names.js';
import { type Wanted, wanted } from './rows.js';

/**
 * `external_ids` of every route and policy that the product makes on the cluster router; those without it are an
 * operator's.
 */
export const ROUTER_MARK = { [KEYS.gateway]: 'yes' } as const;

/**
 * Returns the routes of the cluster router for a set of gateways. They depend on the whole set, so every command on
 * every node computes the same routes.
 *
 * - The default route leads to the first gateway.
 * - A src-ip route leads each ramped-out subnet to its gateway.
 * - A src-ip route leads the subnet of a gateway's own node to that gateway, unless another gateway ramps the subnet
 *   out: replies of services with `externalTrafficPolicy: Local` must leave by the gateway that the client reached.
 * - A route leads the address that host and gateway router share to the host's management port.
 * - A route leads each address of a gateway router on switch `join` to itself: replies to clients of that gateway would
 *   else take a src-ip route that is longer than the network of `join` (ovn-northd(8): the longer prefix wins).
 */
export function gatewayRoutes(gateways: readonly Gateway[]): Wanted[] {
  return gateways.flatMap((gateway) => [
    ...(gateway.isFirst ? defaultRoutes(gateway) : []),
    ...sourceSubnets(gateways, gateway).flatMap((subnet) => routeBySource(gateway, subnet)),
    ...(gateway.isShared ? gateway.physical.flatMap((ip) => routeToHost(gateway, ip)) : []),
    ...gateway.join.map(({ address }) => route(addressPrefix(address), address)),
  ]);
}

/** Returns the subnets that leave by a gateway: those that it ramps out, and those of its node that no gateway does. */
export function sourceSubnets(gateways: readonly Gateway[], { rampout, subnets }: Gateway): Cidr[] {
  const own = subnets.filter(
    (subnet) => !gateways.some((one) => one.rampout.some((wide) => covers(wide, subnet))),
  );
  return [...rampout, ...own];
}

/** Returns the gateways with exactly one first: the present first gateway, else the one with the lowest name. */
export function withFirst(gateways: readonly Gateway[]): Gateway[] {
  const first = gateways.find(({ isFirst }) => isFirst) ?? gateways[0];
  return gateways.map((gateway) => ({ ...gateway, isFirst: gateway === first }));
}

function defaultRoutes(gateway: Gateway): Wanted[] {
  return FAMILIES.flatMap((family) => {
    const nexthop = ofFamily(gateway.join, family);
    const reaches = gateway.physical.some((ip) => familyOf(ip) === family);
    return nexthop === undefined || !reaches ? [] : [route(anywhere(family), nexthop.address)];
  });
}

function routeBySource(gateway: Gateway, subnet: Cidr): Wanted[] {
  const nexthop = ofFamily(gateway.join, subnet.family);
  return nexthop === undefined ? [] : [route(formatCidr(networkOf(subnet)), nexthop.address, 'src-ip')];
}

function routeToHost(gateway: Gateway, ip: IpAddress): Wanted[] {
  const host = ofFamily(managementAddresses(gateway.subnets), familyOf(ip));
  return host === undefined ? [] : [route(addressPrefix(ip), host.address)];
}

/** Returns the prefix of a route to one address. */
export function addressPrefix(ip: IpAddress): string {
  return `${ip}/${familyOf(ip) === 4 ? 32 : 128}`;
}

/** Returns a static route; without a policy it matches the destination (ovn-nb(5), Logical_Router_Static_Route). */
function route(prefix: string, nexthop: IpAddress, policy?: 'src-ip'): Wanted {
  return wanted('Logical_Router_Static_Route', {
    is: { ip_prefix: prefix, nexthop, policy },
    pairs: { external_ids: ROUTER_MARK },
  });
}

/** Returns the routes of a gateway router: to the cluster's subnets, and to its default gateways. */
export function ownRoutes(
  node: string,
  {
    clusterSubnets,
    cluster,
    defaultGateways,
    outPort,
  }: {
    readonly clusterSubnets: readonly Cidr[];
    readonly cluster: readonly Cidr[];
    readonly defaultGateways: readonly IpAddress[];
    readonly outPort: string;
  },
): Wanted[] {
  const mark = { external_ids: { [KEYS.gateway]: gatewayRouterName(node) } };
  const inward = clusterSubnets.flatMap((subnet) => {
    const nexthop = ofFamily(cluster, subnet.family);
    if (nexthop === undefined) return [];
    const is = { ip_prefix: formatCidr(networkOf(subnet)) };
    return [wanted('Logical_Router_Static_Route', { is, set: { nexthop: nexthop.address }, pairs: mark })];
  });
  // The output port is named because a default gateway may be link-local, or outside every subnet of the NIC.
  const outward = defaultGateways.map((nexthop) =>
    wanted('Logical_Router_Static_Route', {
      is: { ip_prefix: anywhere(familyOf(nexthop)) },
      set: { nexthop, output_port: outPort },
      pairs: mark,
    }),
  );
  return [...inward, ...outward];
}
