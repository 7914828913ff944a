import type { DefaultRoute, HostAddress } from '../host/host_addresses.js';
import { type Cidr, contains } from '../net/cidr.js';
import { FAMILIES, type Family, familyOf, type IpAddress } from '../net/ip.js';
import { specialUse } from '../net/special_use.js';
import { addressPrefix } from '../ovn/routes.js';

/** What this host knows about its own addresses. */
export interface HostFacts {
  /** All addresses of global scope. */
  readonly addresses: readonly HostAddress[];
  readonly defaultRoutes: readonly DefaultRoute[];
  /** `k8s-physical-ip` of the bridge that host and gateway router share; none on other nodes. */
  readonly physical: readonly IpAddress[];
  /** `ovn-encap-ip`: the addresses of the tunnels. */
  readonly encap: readonly IpAddress[];
  /** The management port, whose addresses are the cluster's. */
  readonly managementInterface: string;
}

/** The addresses that are not a host's. */
export interface ClusterAddresses {
  /** The networks of pods, of services and of switch `join`. */
  readonly networks: readonly Cidr[];
  /** The external addresses of services that a gateway serves. */
  readonly served: ReadonlySet<string>;
}

const LOOPBACK = 'lo';

/**
 * Returns the addresses by which the cluster may reach this host: those of the devices that have the host's own
 * addresses, and those of the loopback interface. The own address of each family comes first. Another device can have
 * the addresses of a network that every host has for itself, such as a container runtime's bridge.
 */
export function hostAddresses(host: HostFacts, { networks, served }: ClusterAddresses): IpAddress[] {
  const usable = host.addresses.filter(
    ({ address, device }) =>
      device !== host.managementInterface &&
      specialUse(address) === undefined &&
      !networks.some((network) => contains(network, address)) &&
      !served.has(address),
  );
  const own = ownAddresses({ ...host, addresses: usable });
  const devices = new Set([...own.map(({ device }) => device), LOOPBACK]);
  const all = [...own, ...usable.filter(({ device }) => devices.has(device))];
  return [...new Set(all.map(({ address }) => address))];
}

/**
 * Returns the addresses that nothing else has, and a problem for each other one.
 * @param ownerOf returns what has an address already, as in "it is …"; `undefined` if nothing has
 */
export function withoutTaken(
  addresses: readonly IpAddress[],
  ownerOf: (address: IpAddress) => string | undefined,
): { readonly addresses: readonly IpAddress[]; readonly problems: readonly string[] } {
  const owners = addresses.map((address) => [address, ownerOf(address)] as const);
  return {
    addresses: owners.flatMap(([address, owner]) => (owner === undefined ? [address] : [])),
    problems: owners.flatMap(([address, owner]) =>
      owner === undefined
        ? []
        : [
            `pods do not reach ${address} of this host: it is ${owner}; remove the address from one of the two`,
          ],
    ),
  };
}

/** Returns the addresses that the host's own pods have, at most one a family. */
function ownAddresses(host: HostFacts): HostAddress[] {
  const found = FAMILIES.flatMap((family) => ownAddress(host, family) ?? []);
  // A family without a default route has its own address where the other family has.
  const devices = found.map(({ device }) => device);
  const missing = FAMILIES.filter((family) => found.every((one) => one.family !== family));
  const rest = missing.flatMap((family) =>
    devices.flatMap((device) => mainAddress(host, family, device) ?? []),
  );
  return [...found, ...rest].toSorted((a, b) => a.family - b.family);
}

/**
 * Returns the host's own address of a family: the one that it shares with a gateway router, else the source of its default
 * route, else the end of its tunnels.
 */
function ownAddress(host: HostFacts, family: Family): HostAddress | undefined {
  const having = (wanted: readonly (IpAddress | undefined)[]) =>
    host.addresses.find((one) => one.family === family && wanted.includes(one.address));
  const route = host.defaultRoutes.find((one) => one.family === family);
  return (
    having(host.physical) ??
    having([route?.source]) ??
    (route && mainAddress(host, family, route.device)) ??
    having(host.encap)
  );
}

/**
 * Returns the address of a device that a host is known by: the end of its tunnels, else the oldest address that has a
 * network, else the oldest one. The addresses of keepalived and kube-vip come and go.
 */
function mainAddress(
  { addresses, encap }: HostFacts,
  family: Family,
  device: string,
): HostAddress | undefined {
  const all = addresses.filter((one) => one.family === family && one.device === device && !one.secondary);
  // The kernel lists the newest IPv6 address first, and the newest IPv4 address last.
  const oldestFirst = family === 6 ? all.toReversed() : all;
  return (
    oldestFirst.find(({ address }) => encap.includes(address)) ??
    oldestFirst.find(({ address, prefix }) => `${address}/${prefix}` !== addressPrefix(address)) ??
    oldestFirst[0]
  );
}

/** Returns the first address of each family. */
export function firstOfEach(addresses: readonly IpAddress[]): IpAddress[] {
  return FAMILIES.flatMap((family) => addresses.find((address) => familyOf(address) === family) ?? []);
}
