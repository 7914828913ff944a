import { createHash } from 'node:crypto';
import { type Cidr, nthAddress, parseCidr, withHostBits } from '../net/cidr.js';
import { type Family, type IpAddress, type Ipv6Address, ipBytes, isIpv4 } from '../net/ip.js';
import { linkLocalOf, type MacAddress, macOfBytes } from '../net/mac.js';

/** The networks of switch `join`: shared address space (RFC 6598), as in ovn-kubernetes, and a ULA (RFC 4193). */
export const JOIN_NETWORKS: readonly Cidr[] = [parseCidr('100.64.1.0/24'), parseCidr('fd98:64::/64')];

/** How many hosts switch `join` has addresses for: as many as its IPv4 network holds. */
export const JOIN_SIZE = 254;

/** Returns the n-th address of each network of `join`; the cluster router has the first. */
export function joinAddresses(n: number): Cidr[] {
  return JOIN_NETWORKS.map((network) => ({ ...network, address: nthAddress(network, n) }));
}

/** Returns the addresses of the cluster router's port on a node's switch: the first of each subnet. */
export function routerAddresses(subnets: readonly Cidr[]): Cidr[] {
  return subnets.map((subnet) => ({ ...subnet, address: nthAddress(subnet, 1) }));
}

/** Returns the addresses of a node's management port: the second of each subnet. */
export function managementAddresses(subnets: readonly Cidr[]): Cidr[] {
  return subnets.map((subnet) => ({ ...subnet, address: nthAddress(subnet, 2) }));
}

/**
 * Returns a locally administered MAC for the port that has `ip`: `0a:58` followed by the IPv4 address, or by 32 bits
 * of a hash of the IPv6 address. One address always gives one MAC, so a port made again keeps its MAC.
 */
export function macFor(ip: IpAddress): MacAddress {
  return isIpv4(ip) ? macOfBytes([0x0a, 0x58, ...ipBytes(ip)]) : macFromHash(ip);
}

/** Returns a locally administered MAC: `0a:58` followed by 32 bits of a hash of `seed`. */
export function macFromHash(seed: string): MacAddress {
  return macOfBytes([0x0a, 0x58, ...createHash('sha256').update(seed).digest().subarray(0, 4)]);
}

/**
 * Returns the IPv6 address that OVN gives to a port with this MAC: the subnet and the modified EUI-64 (RFC 4291
 * appendix A). A subnet longer than 64 bits takes the last bits of the EUI-64.
 */
export function eui64Address(subnet: Cidr, mac: MacAddress): Ipv6Address {
  return withHostBits(subnet, linkLocalOf(mac)) as Ipv6Address;
}

/** Returns the MAC whose modified EUI-64 ends an IPv6 address; `undefined` if the address does not end in one. */
export function macOfEui64(ip: Ipv6Address): MacAddress | undefined {
  const [a = 0, b, c, ff, fe, d, e, f] = ipBytes(ip).slice(8);
  if (ff !== 0xff || fe !== 0xfe) return undefined;
  return macOfBytes([a ^ 0x02, ...[b, c, d, e, f].map((octet) => octet ?? 0)]);
}

/** Returns the first element of `family`; `undefined` if there is none. */
export function ofFamily<T extends { readonly family: Family }>(
  all: readonly T[],
  family: Family,
): T | undefined {
  return all.find((one) => one.family === family);
}

/** Returns the prefix that covers a family: `0.0.0.0/0` or `::/0`. */
export function anywhere(family: Family): string {
  return family === 4 ? '0.0.0.0/0' : '::/0';
}
