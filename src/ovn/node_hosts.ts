import type { Cidr } from '../net/cidr.js';
import { type Family, familyOf, type IpAddress, parseIp } from '../net/ip.js';
import { managementAddresses, ofFamily } from './addresses.js';
import type { NorthboundView } from './connection.js';
import { type Gateway, subnetsOf } from './gateways.js';
import { KEYS } from './keys.js';
import { addressSetName, gatewayRouterName } from './names.js';
import { list } from './read_row.js';
import { addressPrefix } from './routes.js';
import { type Wanted, wanted } from './rows.js';

/** The host of a node, as its daemon `ovn-k8s-node` has written it on the node's switch. */
export interface NodeHost {
  readonly node: string;
  /** The host's addresses. The first of each family is its own, which its hostNetwork pods have. */
  readonly addresses: readonly IpAddress[];
  /** The addresses of the node's management port, one a family, by which the cluster reaches the host. */
  readonly management: readonly Cidr[];
}

/**
 * Returns the hosts of all nodes that run `ovn-k8s-node`, in the order of their names. Every node may write the
 * northbound, so texts that are no addresses are left out instead of stopping the reader, and so is a switch whose
 * subnets cannot be read.
 */
export function readNodeHosts(db: NorthboundView): NodeHost[] {
  return db
    .filter('Logical_Switch', ({ external_ids }) => external_ids.has(KEYS.hostAddresses))
    .flatMap((row) => {
      const addresses = list(row.external_ids.get(KEYS.hostAddresses)).flatMap((text) =>
        orNone(() => parseIp(text)),
      );
      return orNone(() => ({
        node: row.name,
        addresses,
        management: managementAddresses(subnetsOf(row)),
      }));
    })
    .sort((a, b) => (a.node < b.node ? -1 : 1));
}

/**
 * Returns the rows by which the cluster reaches a node's host: `external_ids` of the node's switch, and on the cluster
 * router a route for each address to the node's management port. Former routes of the node are shed.
 * @param more addresses that have a route and are not in the list
 */
export function hostRows(router: string, host: NodeHost, more: readonly IpAddress[] = []): Wanted[] {
  const { node, addresses, management } = host;
  const routed = [...new Set([...addresses, ...more])];
  return [
    wanted('Logical_Switch', {
      is: { name: node },
      pairs: { external_ids: { [KEYS.hostAddresses]: addresses.join(',') || undefined } },
    }),
    hostRoutes(
      router,
      node,
      routed.flatMap((address) => hostRoute(node, address, management)),
    ),
  ];
}

/** Returns the cluster router with exactly these routes to the host of a node. */
export function hostRoutes(router: string, node: string, routes: readonly Wanted[]): Wanted {
  return wanted('Logical_Router', {
    is: { name: router },
    holds: { static_routes: routes },
    sheds: { static_routes: { [KEYS.host]: node } },
  });
}

/**
 * Returns the gateway routers with a SNAT rule for each address of a host, except its own gateway. A host that asks a
 * node port of another gateway appears as that router to every endpoint. Else an endpoint on the gateway's own node would
 * see the host's address, whose route leads past the gateway that tracks the connection. An endpoint outside the cluster
 * sees the gateway's address, as for any other client.
 * @param hasSet returns whether the northbound has an address set; an earlier version made none of the whole cluster
 */
export function hostTranslations(
  gateways: readonly Pick<Gateway, 'node' | 'join'>[],
  { node, addresses }: Pick<NodeHost, 'node' | 'addresses'>,
  hasSet: (name: string) => boolean = () => false,
): Wanted[] {
  const mark = { [KEYS.host]: node };
  const inCluster = (gateway: string, family: Family) => {
    const name = addressSetName('cluster', gateway, family);
    return hasSet(name) ? { refers: { allowed_ext_ips: wanted('Address_Set', { is: { name } }) } } : {};
  };
  return gateways.map((gateway) =>
    wanted('Logical_Router', {
      is: { name: gatewayRouterName(gateway.node) },
      holds: {
        nat: addresses.flatMap((address) => {
          const own = ofFamily(gateway.join, familyOf(address));
          if (own === undefined || gateway.node === node) return [];
          const is = { type: 'snat', logical_ip: address };
          return [
            wanted('NAT', {
              is,
              set: { external_ip: own.address },
              pairs: { external_ids: mark },
              ...inCluster(gateway.node, familyOf(address)),
            }),
          ];
        }),
      },
      sheds: { nat: mark },
    }),
  );
}

function hostRoute(node: string, address: IpAddress, management: readonly Cidr[]): Wanted[] {
  const nexthop = ofFamily(management, familyOf(address));
  if (nexthop === undefined) return [];
  // gateway_routes has the same row for the address that host and gateway router share: it then has both marks.
  const is = { ip_prefix: addressPrefix(address), nexthop: nexthop.address, policy: undefined };
  return [wanted('Logical_Router_Static_Route', { is, pairs: { external_ids: { [KEYS.host]: node } } })];
}

function orNone<T>(read: () => T): T[] {
  try {
    return [read()];
  } catch {
    return [];
  }
}
