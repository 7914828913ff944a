import { type Cidr, contains, formatCidr, networkOf } from '../net/cidr.js';
import { type Family, familyOf, type IpAddress } from '../net/ip.js';
import { anywhere, managementAddresses, ofFamily } from './addresses.js';
import type { Gateway } from './gateways.js';
import { KEYS } from './keys.js';
import { gatewayRouterName } from './names.js';
import { type Wanted, wanted } from './rows.js';

/** The `external_ids` of every route of ours, so that those of an operator are left alone. */
export const ROUTE_MARK = { [KEYS.gateway]: 'yes' } as const;

const FAMILIES: readonly Family[] = [4, 6];

/**
 * The routes of the cluster router that its gateways make necessary. They follow from the whole list, so whichever
 * command runs, on whichever node, it comes to the same routes.
 *
 * - by the first gateway, whatever no other route takes;
 * - by each gateway, by source address, the subnets it ramps out;
 * - by its own gateway, by source address, the subnet of a node that is one, unless another ramps it out: replies
 *   of services with `externalTrafficPolicy: Local` must leave by the gateway at which the client came in;
 * - to the host of a shared bridge, the address that host and gateway router have in common.
 */
export function gatewayRoutes(gateways: readonly Gateway[]): Wanted[] {
  return gateways.flatMap((gateway) => {
    const others = gateways.filter((other) => other !== gateway);
    const own = gateway.subnets.filter(
      (subnet) => ![gateway, ...others].some(({ rampout }) => rampout.some((one) => covers(one, subnet))),
    );
    return [
      ...(gateway.isFirst ? defaultRoutes(gateway) : []),
      ...[...gateway.rampout, ...own].flatMap((subnet) => routeBySource(gateway, subnet)),
      ...(gateway.isShared ? gateway.physical.flatMap((ip) => routeToHost(gateway, ip)) : []),
    ];
  });
}

/** The list with its first gateway chosen: the one that is it, else the one with the lowest name. */
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
  return host === undefined ? [] : [route(`${ip}/${familyOf(ip) === 4 ? 32 : 128}`, host.address)];
}

/** A static route; without a policy it goes by destination (ovn-nb(5), Logical_Router_Static_Route). */
function route(prefix: string, nexthop: IpAddress, policy?: 'src-ip'): Wanted {
  return wanted('Logical_Router_Static_Route', {
    is: { ip_prefix: prefix, nexthop, policy },
    pairs: { external_ids: ROUTE_MARK },
  });
}

function covers(wide: Cidr, narrow: Cidr): boolean {
  return wide.prefix <= narrow.prefix && contains(wide, narrow.address);
}

/** The routes of one gateway router: to the cluster, and out. */
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
  // The port is named: a gateway may be link-local, or outside every subnet of the NIC.
  const outward = defaultGateways.map((nexthop) =>
    wanted('Logical_Router_Static_Route', {
      is: { ip_prefix: anywhere(familyOf(nexthop)) },
      set: { nexthop, output_port: outPort },
      pairs: mark,
    }),
  );
  return [...inward, ...outward];
}
