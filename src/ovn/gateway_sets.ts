import { type Cidr, covers, formatCidr, parseCidr, subtract } from '../net/cidr.js';
import { FAMILIES, type Family, familyOf } from '../net/ip.js';
import { JOIN_NETWORKS } from './addresses.js';
import type { NorthboundTransaction, NorthboundView } from './connection.js';
import type { Gateway } from './gateways.js';
import { KEYS } from './keys.js';
import { addressSetName, gatewayRouterName, type SetUse } from './names.js';
import { type Wanted, wanted } from './rows.js';

/** The address sets of one gateway and family, which say where its SNAT rules apply. */
export interface GatewaySets {
  readonly node: string;
  readonly family: Family;
  /**
   * The destinations in the cluster whose replies do not come back to the gateway by themselves. Clients appear to them as
   * the gateway router's address on switch `join`.
   */
  readonly translated: Wanted;
  /** All destinations in the cluster. */
  readonly cluster: Wanted;
  /** The destinations outside the cluster. Clients appear to them as the gateway's address, or the bridge drops them. */
  readonly outside: Wanted;
}

/** What a router forwards to outside: all but loopback, link-local and multicast; IPv6 also by a translator (RFC 6052). */
const FORWARDED: readonly Cidr[] = [
  ...subtract(
    parseCidr('0.0.0.0/0'),
    ['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/3'].map(parseCidr),
  ),
  ...['64:ff9b::/96', '2000::/3', 'fc00::/7'].map(parseCidr),
];

/**
 * Returns the address sets of gateways. The destination decides how a client is translated and not a flag of the load
 * balancer, because OVN sets that flag only for the first packet: a retransmitted SYN would arrive untranslated.
 *
 * What is outside depends on no service: no author of endpoints changes a rule, and a frame to an address of services or
 * of `join` does not leave. Replies are not translated, whatever their destination (`ct.rpl`, ovn-sb(5)).
 */
export function gatewaySets(gateways: readonly Gateway[], services: readonly Cidr[]): GatewaySets[] {
  return gateways.flatMap((gateway) => {
    const { node, physical, clusterSubnets } = gateway;
    const own = returningSubnets(gateway, gateways);
    return FAMILIES.flatMap((family) => {
      const inside = clusterSubnets.filter((subnet) => subnet.family === family);
      if (inside.length === 0 || !physical.some((ip) => familyOf(ip) === family)) return [];
      const forwarded = FORWARDED.filter((network) => network.family === family);
      const ours = [...inside, ...services, ...JOIN_NETWORKS];
      return [
        {
          node,
          family,
          translated: addressSet('snat', node, family, without(inside, own)),
          cluster: addressSet('cluster', node, family, inside),
          outside: addressSet('outside', node, family, without(forwarded, ours)),
        },
      ];
    });
  });
}

/** Returns the rows of address sets. */
export function setRows(sets: readonly GatewaySets[]): Wanted[] {
  return sets.flatMap(({ translated, cluster, outside }) => [translated, cluster, outside]);
}

/**
 * Adds to `txn` the deletion of a gateway's address sets that are none of `sets`, as those of a former name. No rule refers
 * to them then; the rules that should have others get them afterwards, in the same transaction.
 */
export function deleteOtherSets(
  db: NorthboundView,
  txn: NorthboundTransaction,
  node: string,
  sets: readonly GatewaySets[],
): void {
  const names = new Set(setRows(sets).map(({ is }) => is.name));
  const router = gatewayRouterName(node);
  for (const { _uuid } of db.filter(
    'Address_Set',
    ({ name, external_ids }) => external_ids.get(KEYS.gateway) === router && !names.has(name),
  )) {
    for (const nat of db.filter('NAT', (row) => row.allowed_ext_ips === _uuid))
      txn.update('NAT', nat._uuid, { allowed_ext_ips: undefined });
    txn.delete('Address_Set', _uuid);
  }
}

function addressSet(use: SetUse, node: string, family: Family, networks: readonly Cidr[]): Wanted {
  return wanted('Address_Set', {
    is: { name: addressSetName(use, node, family) },
    set: { addresses: networks.map(formatCidr) },
    pairs: { external_ids: { [KEYS.gateway]: gatewayRouterName(node) } },
  });
}

function without(networks: readonly Cidr[], holes: readonly Cidr[]): Cidr[] {
  return networks.flatMap((network) => subtract(network, holes));
}

/** Returns the subnets of a gateway's node whose replies a src-ip route leads to that gateway. */
function returningSubnets(gateway: Gateway, all: readonly Gateway[]): Cidr[] {
  const others = all.filter((other) => other !== gateway);
  return gateway.subnets.filter(
    (subnet) => !others.some(({ rampout }) => rampout.some((wide) => covers(wide, subnet))),
  );
}
