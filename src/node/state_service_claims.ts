import type { Service } from '../kube/kinds.js';
import {
  clusterAddresses,
  externalAddresses,
  portRefusal,
  type ServicePort,
  servicePorts,
  sourceRanges,
} from '../kube/service.js';
import { type Cidr, contains, formatCidr } from '../net/cidr.js';
import { type Family, familyOf, type IpAddress } from '../net/ip.js';
import { type Element, setOf } from './desired_sets.js';
import type { NodeClaim } from './state_claims.js';

/**
 * Returns what the host translates for a service: its external addresses and node ports, to its address in the cluster of
 * the same family. OVN's load balancers choose an endpoint there.
 * @throws ProductError for a service that makes no sense
 */
export function serviceClaims(service: Service): readonly NodeClaim[] {
  const cluster = clusterAddresses(service);
  const ports = servicePorts(service);
  const isLocal = service.spec?.externalTrafficPolicy === 'Local';
  const ranges = sourceRanges(service);
  const external = externalAddresses(service).flatMap((address) => {
    const target = cluster.find((one) => familyOf(one) === familyOf(address));
    if (target === undefined) return [];
    return ports.map((port) => externalClaim(address, target, port, isLocal, ranges));
  });
  const nodePorts = ports.flatMap((port) => nodePortClaim(cluster, port, isLocal, ranges));
  return distinct([...external, ...nodePorts]);
}

function externalClaim(
  address: IpAddress,
  target: IpAddress,
  { protocol, port, nodePort }: ServicePort,
  isLocal: boolean,
  ranges: readonly Cidr[] | undefined,
): NodeClaim {
  const family = familyOf(address);
  const key = `${address} ${protocol} ${port}`;
  const local: readonly Element[] =
    isLocal && nodePort !== undefined
      ? [{ set: setOf('external_local', family), key, value: String(nodePort) }]
      : [];
  const elements: readonly Element[] = [
    { set: setOf('external', family), key, value: `${target} ${port}` },
    ...local,
    ...restrictions(setOf('restricted', family), setOf('allowed', family), key, family, ranges),
  ];
  return { name: key, external: address, elements };
}

function nodePortClaim(
  cluster: readonly IpAddress[],
  { protocol, port, nodePort }: ServicePort,
  isLocal: boolean,
  ranges: readonly Cidr[] | undefined,
): readonly NodeClaim[] {
  if (nodePort === undefined) return [];
  const key = `${protocol} ${nodePort}`;
  const why = portRefusal(protocol, nodePort);
  const elements = cluster.flatMap((target): readonly Element[] => {
    const family = familyOf(target);
    return [
      { set: setOf('node_port', family), key, value: `${target} ${port}` },
      ...(isLocal ? [{ set: setOf('node_port_local', family), key, value: '' }] : []),
      ...restrictions(setOf('restricted_port', family), setOf('allowed_port', family), key, family, ranges),
    ];
  });
  const name = `node port ${key}`;
  return [{ name, elements, hostPort: key, ...(why !== undefined && { refused: why }) }];
}

/**
 * Returns the elements that keep clients outside of `ranges` out. Ranges of the other family only allow nobody. A range of
 * everything restricts nothing.
 */
function restrictions(
  restricted: string,
  allowed: string,
  key: string,
  family: Family,
  ranges: readonly Cidr[] | undefined,
): readonly Element[] {
  if (ranges === undefined || ranges.some((one) => one.family === family && one.prefix === 0)) return [];
  return [
    { set: restricted, key, value: '' },
    ...widest(ranges.filter((one) => one.family === family)).map((range) => ({
      set: allowed,
      key: `${rangeText(range)} ${key}`,
      value: '',
    })),
  ];
}

/** Returns a network as nft prints it: an address alone if it has only one. */
function rangeText(range: Cidr): string {
  return range.prefix === (range.family === 4 ? 32 : 128) ? range.address : formatCidr(range);
}

/** Returns the networks that no other one contains: nft takes no element that overlaps another. */
function widest(ranges: readonly Cidr[]): readonly Cidr[] {
  const kept: Cidr[] = [];
  for (const range of ranges.toSorted((a, b) => a.prefix - b.prefix))
    if (!kept.some((wide) => contains(wide, range.address))) kept.push(range);
  return kept;
}

function distinct(claims: readonly NodeClaim[]): readonly NodeClaim[] {
  return [...new Map(claims.map((one) => [one.name, one])).values()];
}
