// This folder has what every other folder may use, without I/O of its own: addresses, MACs, ports, and their text and
// octets; errors with a code; and two parts of network clients, the JSON splitter and the keepalive. Here: IP
// addresses. Only the parsers of this folder make its branded values, so that no other code validates them again.
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { ProductError } from './errors.js';

/** An IPv4 address in dotted decimal. Made only by {@link parseIp}. */
export type Ipv4Address = string & { readonly __brand: 'Ipv4Address' };
/** An IPv6 address in the text form of RFC 5952, without a zone. Made only by {@link parseIp}. */
export type Ipv6Address = string & { readonly __brand: 'Ipv6Address' };
export type IpAddress = Ipv4Address | Ipv6Address;
export type Family = 4 | 6;

export const FAMILIES: readonly Family[] = [4, 6];

/**
 * Parses an IPv4 or IPv6 address and returns its canonical text.
 *
 * `net.isIP` decides what is an address, because ipaddr.js parses `010.0.0.1` as 8.0.0.1.
 * @throws ProductError `ERR_NOT_AN_ADDRESS`
 */
export function parseIp(text: string): IpAddress {
  const trimmed = text.trim();
  const family = isIP(trimmed);
  if (family === 0 || trimmed.includes('%')) {
    throw new ProductError('ERR_NOT_AN_ADDRESS', `"${text}" is not an IPv4 or IPv6 address`);
  }
  // `net.isIP` takes four decimal numbers without leading zeros only, which is the canonical text.
  return family === 4 ? (trimmed as Ipv4Address) : canonical(ipaddr.parse(trimmed));
}

export function familyOf(ip: IpAddress): Family {
  return ip.includes(':') ? 6 : 4;
}

export function isIpv4(ip: IpAddress): ip is Ipv4Address {
  return !ip.includes(':');
}

export function isIpv6(ip: IpAddress): ip is Ipv6Address {
  return ip.includes(':');
}

/** Returns the octets of `ip` in wire order, 4 or 16. */
export function ipBytes(ip: IpAddress): readonly number[] {
  if (isIpv4(ip)) return ip.split('.').map(Number);
  // Only an address that ends in dotted decimal has groups that are not hexadecimal.
  if (ip.includes('.')) return ipaddr.parse(ip).toByteArray();
  const [left = '', right = ''] = ip.split('::');
  const bytes = new Array<number>(16).fill(0);
  putGroups(left, bytes, 0);
  putGroups(right, bytes, 16 - 2 * (right === '' ? 0 : right.split(':').length));
  return bytes;
}

/** Returns the address with these octets, 4 or 16 in wire order. */
export function ipOfBytes(bytes: readonly number[]): IpAddress {
  return canonical(ipaddr.fromByteArray([...bytes]));
}

/** Returns an IPv4 address as a number of 32 bits. */
export function ipv4Number(ip: Ipv4Address): number {
  return ipBytes(ip).reduce((sum, octet) => sum * 256 + octet, 0);
}

/** Returns the IPv4 address of a number of 32 bits. */
export function ipv4OfNumber(value: number): Ipv4Address {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 0xff).join('.') as Ipv4Address;
}

/** Returns whether `ip` is in 169.254.0.0/16 or fe80::/10. */
export function isLinkLocal(ip: IpAddress): boolean {
  return ipaddr.parse(ip).range() === 'linkLocal';
}

function putGroups(text: string, bytes: number[], start: number): void {
  let at = start;
  for (const group of text === '' ? [] : text.split(':')) {
    const value = Number.parseInt(group, 16);
    bytes[at++] = value >> 8;
    bytes[at++] = value & 0xff;
  }
}

/** Returns whether a host on a network can have `ip`: it is not multicast, broadcast, loopback or unspecified. */
export function isUnicast(ip: IpAddress): boolean {
  return !['multicast', 'loopback', 'unspecified', 'broadcast'].includes(ipaddr.parse(ip).range());
}

function canonical(parsed: ipaddr.IPv4 | ipaddr.IPv6): IpAddress {
  // ipaddr.js writes ::ffff:0:0/96 in hexadecimal groups; the kernel and OVS write it dotted.
  if (parsed instanceof ipaddr.IPv6 && parsed.isIPv4MappedAddress()) {
    return `::ffff:${parsed.toIPv4Address().toString()}` as Ipv6Address;
  }
  return (parsed instanceof ipaddr.IPv6 ? parsed.toRFC5952String() : parsed.toString()) as IpAddress;
}
