import { ProductError } from './errors.js';
import { type Ipv6Address, parseIp } from './ip.js';

/** An Ethernet address as six lower-case octets: `0a:58:0a:01:02:03`. Made only by {@link parseMac}. */
export type MacAddress = string & { readonly __brand: 'MacAddress' };

const PATTERN = /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/;

/**
 * Parses an Ethernet address in colon notation, in either case.
 * @throws ProductError `ERR_NOT_A_MAC`
 */
export function parseMac(text: string): MacAddress {
  const mac = text.trim().toLowerCase();
  if (!PATTERN.test(mac)) {
    throw new ProductError(
      'ERR_NOT_A_MAC',
      `"${text}" is not an Ethernet address; give six octets like 0a:58:0a:01:02:03`,
    );
  }
  return mac as MacAddress;
}

/** Returns the six octets of `mac` in wire order. */
export function macBytes(mac: MacAddress): readonly number[] {
  return mac.split(':').map((octet) => Number.parseInt(octet, 16));
}

/** Returns the MAC at offset `at`, or `undefined` if the bytes end before it or it is a group address. */
export function readMac(bytes: Uint8Array, at: number): MacAddress | undefined {
  if (bytes.length < at + 6 || ((bytes[at] ?? 1) & 1) === 1) return undefined;
  return macOfBytes(bytes.subarray(at, at + 6));
}

/** Returns the MAC with these six octets, in wire order. @throws ProductError `ERR_NOT_A_MAC` for more or fewer */
export function macOfBytes(octets: Iterable<number>): MacAddress {
  return parseMac(formatOctets(octets));
}

/** Formats any number of octets in colon notation. */
export function formatOctets(octets: Iterable<number>): string {
  return Array.from(octets, (octet) => octet.toString(16).padStart(2, '0')).join(':');
}

/** Returns the modified EUI-64 link-local address of `mac` (RFC 4291 appendix A, RFC 4862 section 5.3). */
export function linkLocalOf(mac: MacAddress): Ipv6Address {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = macBytes(mac);
  const groups = [((a ^ 0x02) << 8) | b, (c << 8) | 0xff, 0xfe00 | d, (e << 8) | f];
  return parseIp(`fe80::${groups.map((group) => group.toString(16)).join(':')}`) as Ipv6Address;
}
