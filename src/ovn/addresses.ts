import { createHash } from 'node:crypto';
import { type Cidr, nthAddress, parseCidr } from '../net/cidr.js';
import { type Family, type IpAddress, ipBytes, isIpv4 } from '../net/ip.js';
import { type MacAddress, macOfBytes } from '../net/mac.js';

/** The networks of switch `join`: RFC 6598 space that the original took, and a ULA of ours (RFC 4193). */
export const JOIN_NETWORKS: readonly Cidr[] = [parseCidr('100.64.1.0/24'), parseCidr('fd98:64::/64')];

/** How many addresses of `join` can be given out: as many as its IPv4 network has. */
export const JOIN_SIZE = 254;

/** The addresses number `n` of `join`, one a family: number 1 is the cluster router's. */
export function joinAddresses(n: number): Cidr[] {
  return JOIN_NETWORKS.map((network) => ({ ...network, address: nthAddress(network, n) }));
}

/** The node's router port: the first address of each of its subnets. */
export function routerAddresses(subnets: readonly Cidr[]): Cidr[] {
  return subnets.map((subnet) => ({ ...subnet, address: nthAddress(subnet, 1) }));
}

/** The node's own port: the second address of each of its subnets. */
export function managementAddresses(subnets: readonly Cidr[]): Cidr[] {
  return subnets.map((subnet) => ({ ...subnet, address: nthAddress(subnet, 2) }));
}

/**
 * A locally administered MAC for who has `ip`: `0a:58` and the IPv4 address, or 32 bits of a hash of the IPv6
 * one. The same address always gives the same MAC, so that what is made again is the same.
 */
export function macFor(ip: IpAddress): MacAddress {
  const bytes = isIpv4(ip) ? ipBytes(ip) : [...createHash('sha256').update(ip).digest().subarray(0, 4)];
  return macOfBytes([0x0a, 0x58, ...bytes]);
}

/** The one of `family`, if there is one. */
export function ofFamily<T extends { readonly family: Family }>(
  all: readonly T[],
  family: Family,
): T | undefined {
  return all.find((one) => one.family === family);
}

/** `::/0` or `0.0.0.0/0`. */
export function anywhere(family: Family): string {
  return family === 4 ? '0.0.0.0/0' : '::/0';
}
