import { type Cidr, covers, formatCidr, subtract } from '../net/cidr.js';
import { FAMILIES, type Family, familyOf } from '../net/ip.js';
import type { Gateway } from './gateways.js';
import { KEYS } from './keys.js';
import { gatewayRouterName, translatedSetName } from './names.js';
import { type Wanted, wanted } from './rows.js';

/** The address set of one gateway and family. */
export interface TranslatedSet {
  readonly node: string;
  readonly family: Family;
  readonly row: Wanted;
}

/**
 * Returns the address sets of gateways: the destinations in the cluster whose replies do not come back to the gateway
 * by themselves. The gateway router gives packets to them a source of its own, `join`'s.
 *
 * That is the cluster without the subnet of the gateway's own node, from which a src-ip route leads to the gateway
 * unless another gateway ramps the subnet out. A destination decides and not a flag of the load balancer, because OVN
 * sets that flag only for the first packet: a retransmitted SYN would arrive untranslated.
 */
export function translatedSets(gateways: readonly Gateway[]): TranslatedSet[] {
  return gateways.flatMap((gateway) => {
    const { node, physical, clusterSubnets } = gateway;
    const own = returningSubnets(gateway, gateways);
    return FAMILIES.flatMap((family) => {
      const inside = clusterSubnets.filter((subnet) => subnet.family === family);
      if (inside.length === 0 || !physical.some((ip) => familyOf(ip) === family)) return [];
      const addresses = inside.flatMap((subnet) => subtract(subnet, own)).map(formatCidr);
      const row = wanted('Address_Set', {
        is: { name: translatedSetName(node, family) },
        set: { addresses },
        pairs: { external_ids: { [KEYS.gateway]: gatewayRouterName(node) } },
      });
      return [{ node, family, row }];
    });
  });
}

/** Returns the subnets of a gateway's node whose replies a src-ip route leads to that gateway. */
function returningSubnets(gateway: Gateway, all: readonly Gateway[]): Cidr[] {
  const others = all.filter((other) => other !== gateway);
  return gateway.subnets.filter(
    (subnet) => !others.some(({ rampout }) => rampout.some((wide) => covers(wide, subnet))),
  );
}
