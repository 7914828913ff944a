import {
  type Cidr,
  contains,
  covers,
  formatCidr,
  isHost,
  networkOf,
  overlaps,
  parseCidr,
} from '../net/cidr.js';
import { explainError, UsageError } from '../net/errors.js';
import { type Family, familyOf, type IpAddress, isLinkLocal, isUnicast, parseIp } from '../net/ip.js';
import { type PortRange, parsePortRange } from '../net/ports.js';
import { JOIN_NETWORKS } from '../ovn/addresses.js';
import { JOIN_SWITCH } from '../ovn/names.js';

/** The longest prefix that leaves room for the router, the management port and pods. */
const LONGEST_PREFIX: Readonly<Record<Family, number>> = { 4: 29, 6: 125 };

/** Reads `--node-name`. @throws UsageError for a name that rows of OVN or an interface cannot have */
export function readNodeName(text: string): string {
  if (text === JOIN_SWITCH)
    throw new UsageError(
      `--node-name=${text}: is the name of the switch between the routers; give the Kubernetes node's name`,
    );
  if (!/^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/.test(text)) {
    throw new UsageError(
      `--node-name=${text}: give the Kubernetes node's name: letters, digits, "-" and "."`,
    );
  }
  return text;
}

/**
 * Reads an option that takes one subnet a family, separated by commas.
 * @throws UsageError for anything else, and for a subnet with host bits
 */
export function readSubnets(option: string, text: string): Cidr[] {
  const subnets = onePerFamily(option, text, parseCidr);
  for (const subnet of subnets) {
    const network = networkOf(subnet);
    if (network.address !== subnet.address) {
      throw new UsageError(
        `${option}=${text}: ${formatCidr(subnet)} has host bits; give ${formatCidr(network)}`,
      );
    }
  }
  return subnets;
}

/** Reads `--cluster-ip-subnet`, which contains all pods' addresses. @throws UsageError */
export function readClusterSubnets(text: string): Cidr[] {
  const option = '--cluster-ip-subnet';
  const subnets = readSubnets(option, text);
  for (const subnet of subnets) {
    const join = JOIN_NETWORKS.find((one) => overlaps(one, subnet));
    if (join !== undefined) {
      throw new UsageError(
        `${option}=${text}: overlaps ${formatCidr(join)} of the switch between the routers; give another`,
      );
    }
  }
  return subnets;
}

/**
 * Reads `--service-ip-subnet`, which contains all ClusterIPs; none for `none`.
 * @throws UsageError also for a subnet that overlaps the pods' or the routers'
 */
export function readServiceSubnetsOption(text: string, cluster: readonly Cidr[]): Cidr[] {
  const option = '--service-ip-subnet';
  if (text === 'none') return [];
  const subnets = readSubnets(option, text);
  for (const subnet of subnets) {
    const pods = cluster.find((one) => overlaps(one, subnet));
    if (pods !== undefined) {
      throw new UsageError(
        `${option}=${text}: overlaps --cluster-ip-subnet=${formatCidr(pods)}; give the API server's --service-cluster-ip-range`,
      );
    }
    const join = JOIN_NETWORKS.find((one) => overlaps(one, subnet));
    if (join !== undefined) {
      throw new UsageError(
        `${option}=${text}: overlaps ${formatCidr(join)} of the switch between the routers; give the API server another --service-cluster-ip-range`,
      );
    }
  }
  return subnets;
}

/** Reads a node's subnets, each inside the cluster's. @throws UsageError */
export function readNodeSubnetsOption(option: string, text: string, cluster: readonly Cidr[]): Cidr[] {
  const subnets = readSubnets(option, text);
  for (const subnet of subnets) {
    if (subnet.prefix > LONGEST_PREFIX[subnet.family]) {
      throw new UsageError(
        `${option}=${text}: ${formatCidr(subnet)} has no room for pods; give a prefix of at most ${LONGEST_PREFIX[subnet.family]}`,
      );
    }
    if (!cluster.some((wide) => covers(wide, subnet))) {
      throw new UsageError(
        `${option}=${text}: ${formatCidr(subnet)} is not inside --cluster-ip-subnet=${cluster.map(formatCidr).join(',')}`,
      );
    }
  }
  return subnets;
}

/** Reads `--physical-ip`, the gateway's addresses with their masks. @throws UsageError */
export function readPhysicalIps(text: string, cluster: readonly Cidr[]): Cidr[] {
  const option = '--physical-ip';
  const addresses = onePerFamily(option, text, parseCidr);
  for (const address of addresses) {
    if (!isUnicast(address.address) || isLinkLocal(address.address) || !isHost(address)) {
      throw new UsageError(
        `${option}=${text}: ${formatCidr(address)} is not the address of one host; give an address of the gateway`,
      );
    }
    const inside = [...cluster, ...JOIN_NETWORKS].find((one) => contains(one, address.address));
    if (inside !== undefined) {
      throw new UsageError(
        `${option}=${text}: ${address.address} is inside ${formatCidr(inside)}, which is the cluster's; give an address of the gateway`,
      );
    }
  }
  if (!addresses.some(({ family }) => cluster.some((one) => one.family === family))) {
    throw new UsageError(
      `${option}=${text}: has no address of the family of --cluster-ip-subnet=${cluster.map(formatCidr).join(',')}`,
    );
  }
  return addresses;
}

/** Reads `--default-gw`: at most one address a family, of a family that `--physical-ip` has. @throws UsageError */
export function readDefaultGateways(text: string, physical: readonly Cidr[]): IpAddress[] {
  const option = '--default-gw';
  const gateways = onePerFamily(option, text, (part) => {
    const address = parseIp(part);
    return { address, family: familyOf(address) };
  });
  return gateways.map(({ address, family }) => {
    const own = physical.find((one) => one.family === family);
    if (own === undefined) {
      throw new UsageError(`${option}=${text}: --physical-ip has no address of the family of ${address}`);
    }
    if (own.address === address)
      throw new UsageError(`${option}=${text}: is --physical-ip itself; name the router`);
    const isOutside = !contains(own, address) || family === 6;
    if (!isUnicast(address) || !(isOutside || isHost({ ...own, address })))
      throw new UsageError(`${option}=${text}: ${address} is not the address of one host; name the router`);
    return address;
  });
}

/** Reads `--rampout-ip-subnets`: any number of subnets of the cluster that do not overlap. @throws UsageError */
export function readRampout(text: string, cluster: readonly Cidr[]): Cidr[] {
  const option = '--rampout-ip-subnets';
  const subnets = split(text).map((part) => guarded(option, text, () => parseCidr(part)));
  for (const [index, subnet] of subnets.entries()) {
    if (!cluster.some((wide) => contains(wide, subnet.address))) {
      throw new UsageError(
        `${option}=${text}: ${formatCidr(subnet)} is not inside --cluster-ip-subnet=${cluster.map(formatCidr).join(',')}`,
      );
    }
    const twin = subnets.slice(0, index).find((other) => overlaps(other, subnet));
    if (twin !== undefined) {
      throw new UsageError(`${option}=${text}: ${formatCidr(twin)} and ${formatCidr(subnet)} overlap`);
    }
  }
  return subnets.map(networkOf);
}

/** Reads `--snat-port-range`, the ports of pods' connections; `undefined` for `none`. @throws UsageError */
export function readSnatRange(text: string): PortRange | undefined {
  return text === 'none' ? undefined : guarded('--snat-port-range', text, () => parsePortRange(text));
}

function onePerFamily<T extends { readonly family: Family }>(
  option: string,
  text: string,
  parse: (part: string) => T,
): T[] {
  const all = split(text).map((part) => guarded(option, text, () => parse(part)));
  if (all.length === 0) throw new UsageError(`${option}=${text}: names no address`);
  if (new Set(all.map(({ family }) => family)).size < all.length) {
    throw new UsageError(`${option}=${text}: give at most one IPv4 and one IPv6 value`);
  }
  return all.sort((a, b) => a.family - b.family);
}

function split(text: string): string[] {
  return text.split(',').map((part) => part.trim());
}

function guarded<T>(option: string, text: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new UsageError(`${option}=${text}: ${explainError(error)}`);
  }
}
