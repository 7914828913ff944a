import { ProductError } from './errors.js';
import { type Family, familyOf, type IpAddress, ipBytes, ipOfBytes, parseIp } from './ip.js';

/** An address with its prefix length. It keeps its host bits, as the address of an interface does: `10.1.2.3/24`. */
export interface Cidr {
  readonly address: IpAddress;
  readonly prefix: number;
  readonly family: Family;
}

/**
 * Parses `ADDRESS/PREFIX`.
 * @throws ProductError `ERR_NOT_AN_ADDRESS`, `ERR_NO_MASK`, `ERR_BAD_PREFIX`
 */
export function parseCidr(text: string): Cidr {
  const [left = '', right, ...rest] = text.trim().split('/');
  const address = parseIp(left);
  const family = familyOf(address);
  if (right === undefined) {
    const example = family === 4 ? 24 : 64;
    throw new ProductError('ERR_NO_MASK', `"${text}" has no mask; give it as ${address}/${example}`);
  }
  const prefix = /^\d{1,3}$/.test(right) ? Number(right) : Number.NaN;
  if (rest.length > 0 || !(prefix <= widthOf(family))) {
    throw new ProductError(
      'ERR_BAD_PREFIX',
      `"${text}" has no prefix length of 0 to ${widthOf(family)} after the slash`,
    );
  }
  return { address, prefix, family };
}

export function formatCidr(cidr: Cidr): string {
  return `${cidr.address}/${cidr.prefix}`;
}

/** Returns the network of `cidr`: the same with its host bits cleared. */
export function networkOf(cidr: Cidr): Cidr {
  return { ...cidr, address: ofNumber(toNumber(cidr.address) & maskOf(cidr), cidr.family) };
}

/**
 * Returns whether a host can have the address: it is neither the network's own address nor, in IPv4, its broadcast
 * address (RFC 1122 section 3.2.1.3, RFC 4291 section 2.6.1). Networks of two addresses or one have neither (RFC
 * 3021, RFC 6164).
 */
export function isHost({ address, prefix, family }: Cidr): boolean {
  const hostBits = widthOf(family) - prefix;
  if (hostBits <= 1) return true;
  const ones = (1n << BigInt(hostBits)) - 1n;
  const host = toNumber(address) & ones;
  return host !== 0n && (family === 6 || host !== ones);
}

export function contains(cidr: Cidr, ip: IpAddress): boolean {
  if (cidr.family !== familyOf(ip)) return false;
  const [own, other] = [ipBytes(cidr.address), ipBytes(ip)];
  const whole = cidr.prefix >> 3;
  for (let i = 0; i < whole; i++) if (own[i] !== other[i]) return false;
  const bits = cidr.prefix & 7;
  return bits === 0 || ((own[whole] ?? 0) ^ (other[whole] ?? 0)) >> (8 - bits) === 0;
}

/** Returns whether `wide` has every address of `narrow`. */
export function covers(wide: Cidr, narrow: Cidr): boolean {
  return wide.prefix <= narrow.prefix && contains(wide, narrow.address);
}

export function overlaps(a: Cidr, b: Cidr): boolean {
  return a.prefix <= b.prefix ? contains(a, b.address) : contains(b, a.address);
}

/** Returns the networks that together hold the addresses of `cidr` that are in none of `holes`. */
export function subtract(cidr: Cidr, holes: readonly Cidr[]): Cidr[] {
  const inside = holes.filter((hole) => overlaps(cidr, hole));
  if (inside.length === 0) return [networkOf(cidr)];
  if (inside.some(({ prefix }) => prefix <= cidr.prefix)) return [];
  return halvesOf(cidr).flatMap((half) => subtract(half, inside));
}

/**
 * Returns address number `n` of the network of `cidr`; number 0 is the network's own address.
 * @throws ProductError `ERR_BAD_PREFIX` if the network is too small
 */
export function nthAddress(cidr: Cidr, n: number): IpAddress {
  const address = (toNumber(cidr.address) & maskOf(cidr)) + BigInt(n);
  const result = ofNumber(address, cidr.family);
  if (!contains(cidr, result)) {
    throw new ProductError(
      'ERR_BAD_PREFIX',
      `${formatCidr(networkOf(cidr))} has no address number ${n}; give a larger subnet`,
    );
  }
  return result;
}

/** Returns the address with the network bits of `cidr` and the host bits of `host`, which has the same family. */
export function withHostBits(cidr: Cidr, host: IpAddress): IpAddress {
  const mask = maskOf(cidr);
  return ofNumber((toNumber(cidr.address) & mask) | (toNumber(host) & ~mask), cidr.family);
}

function halvesOf(cidr: Cidr): Cidr[] {
  const prefix = cidr.prefix + 1;
  const low = networkOf(cidr);
  const step = 1n << BigInt(widthOf(cidr.family) - prefix);
  const high = ofNumber(toNumber(low.address) + step, cidr.family);
  return [
    { ...low, prefix },
    { ...low, prefix, address: high },
  ];
}

function widthOf(family: Family): number {
  return family === 4 ? 32 : 128;
}

function maskOf(cidr: Cidr): bigint {
  const width = widthOf(cidr.family);
  return ((1n << BigInt(cidr.prefix)) - 1n) << BigInt(width - cidr.prefix);
}

function toNumber(ip: IpAddress): bigint {
  return ipBytes(ip).reduce((sum, octet) => (sum << 8n) | BigInt(octet), 0n);
}

function ofNumber(value: bigint, family: Family): IpAddress {
  const octets = widthOf(family) / 8;
  return ipOfBytes(
    Array.from({ length: octets }, (_, i) => Number((value >> BigInt(8 * (octets - 1 - i))) & 0xffn)),
  );
}
