import { type IpAddress, ipBytes, ipOfBytes, parseIp } from '../net/ip.js';
import { formatOctets, type MacAddress, macBytes, parseMac } from '../net/mac.js';
import { formatCtState, parseCtState } from './ct_state.js';
import { formatPort, parsePort } from './ofport.js';
import { nxmNx, nxmOf, type Oxm, oxm } from './wire/oxm.js';

/** The form in which `ovs-ofctl` prints the value of a field (ovs-fields(7)). */
type Kind = 'decimal' | 'hexadecimal' | 'port' | 'mac' | 'ipv4' | 'ipv6' | 'ct_state' | 'frag';

/** The wire fields of a field that OpenFlow has once for each protocol, by the value of `nw_proto`. */
export type ByProtocol = ReadonlyMap<bigint, Oxm>;

interface FieldInfo {
  readonly kind: Kind;
  readonly bits: number;
  readonly wire: Oxm | ByProtocol;
}

/** Returns a field of ICMP and ICMPv6, by their protocol numbers. */
function icmp(v4: number, v6: number): ByProtocol {
  return new Map([
    [1n, oxm(v4, 1)],
    [58n, oxm(v6, 1)],
  ]);
}

function ports(tcp: number, udp: number, sctp: number): ByProtocol {
  return new Map([
    [6n, oxm(tcp, 2)],
    [17n, oxm(udp, 2)],
    [132n, oxm(sctp, 2)],
  ]);
}

/**
 * Every match field that the product uses, in the order in which `ovs-ofctl dump-flows` prints them. The wire allows
 * this order too, because each field comes after its prerequisites. This one table serves printing, parsing,
 * evaluating and the wire; ovs-fields(7) has the semantics.
 */
const FIELDS = {
  ct_state: { kind: 'ct_state', bits: 32, wire: nxmNx(105, 4) },
  dl_type: { kind: 'hexadecimal', bits: 16, wire: oxm(5, 2) },
  nw_proto: { kind: 'decimal', bits: 8, wire: oxm(10, 1) },
  reg0: { kind: 'hexadecimal', bits: 32, wire: nxmNx(0, 4) },
  in_port: { kind: 'port', bits: 16, wire: oxm(0, 4) },
  vlan_tci: { kind: 'hexadecimal', bits: 16, wire: nxmOf(4, 2) },
  dl_src: { kind: 'mac', bits: 48, wire: oxm(4, 6) },
  dl_dst: { kind: 'mac', bits: 48, wire: oxm(3, 6) },
  nw_src: { kind: 'ipv4', bits: 32, wire: oxm(11, 4) },
  nw_dst: { kind: 'ipv4', bits: 32, wire: oxm(12, 4) },
  ipv6_src: { kind: 'ipv6', bits: 128, wire: oxm(26, 16) },
  ipv6_dst: { kind: 'ipv6', bits: 128, wire: oxm(27, 16) },
  arp_spa: { kind: 'ipv4', bits: 32, wire: oxm(22, 4) },
  arp_tpa: { kind: 'ipv4', bits: 32, wire: oxm(23, 4) },
  arp_op: { kind: 'decimal', bits: 16, wire: oxm(21, 2) },
  arp_sha: { kind: 'mac', bits: 48, wire: oxm(24, 6) },
  nw_frag: { kind: 'frag', bits: 2, wire: nxmNx(26, 1) },
  icmp_type: { kind: 'decimal', bits: 8, wire: icmp(19, 29) },
  icmp_code: { kind: 'decimal', bits: 8, wire: icmp(20, 30) },
  tp_src: { kind: 'decimal', bits: 16, wire: ports(13, 15, 17) },
  tp_dst: { kind: 'decimal', bits: 16, wire: ports(14, 16, 18) },
  nd_target: { kind: 'ipv6', bits: 128, wire: oxm(31, 16) },
} as const satisfies Record<string, FieldInfo>;

export type FieldName = keyof typeof FIELDS;

export const FIELD_NAMES = Object.keys(FIELDS) as readonly FieldName[];

const ORDER: ReadonlyMap<string, number> = new Map(FIELD_NAMES.map((name, index) => [name, index]));

/** Returns the place of `field` in the printed order. */
export function orderOf(field: FieldName): number {
  return ORDER.get(field) ?? FIELD_NAMES.length;
}

/** Returns the wire form of `field`. */
export function wireOf(field: FieldName): Oxm | ByProtocol {
  return FIELDS[field].wire;
}

export function isFieldName(text: string): text is FieldName {
  return ORDER.has(text);
}

/** Returns a mask of ones over the whole of `field`. */
export function fullMask(field: FieldName): bigint {
  return FULL_MASKS.get(field) ?? 0n;
}

const FULL_MASKS: ReadonlyMap<FieldName, bigint> = new Map(
  FIELD_NAMES.map((name) => [name, (1n << BigInt(FIELDS[name].bits)) - 1n]),
);

/** In `vlan_tci`: there is a tag; and with this mask, a VLAN whatever its priority (ovs-fields(7), "vlan_tci"). */
export const TAG_PRESENT = 0x1000n;
export const TAG_AND_VID = 0x1fffn;

/** Formats the field with `value` under `mask` as `ovs-ofctl` prints it. */
export function formatField(field: FieldName, value: bigint, mask: bigint): string {
  if (field === 'vlan_tci' && mask === TAG_AND_VID && (value & TAG_PRESENT) !== 0n)
    return `dl_vlan=${value & ~TAG_PRESENT}`;
  return `${field}=${formatValue(field, value, mask)}`;
}

/** Formats `value` under `mask` as `ovs-ofctl` prints it, without the name of the field. */
export function formatValue(field: FieldName, value: bigint, mask: bigint): string {
  const { kind, bits } = FIELDS[field];
  const exact = mask === fullMask(field);
  switch (kind) {
    case 'ct_state':
      return formatCtState(value, mask);
    case 'frag':
      return formatFrag(value, mask);
    case 'port':
      return formatPort(Number(value));
    case 'mac':
      return exact ? formatMac(value) : `${formatMac(value)}/${formatMac(mask)}`;
    case 'ipv4':
    case 'ipv6':
      return exact ? formatIp(value, bits) : `${formatIp(value, bits)}/${formatIpMask(mask, bits)}`;
    case 'hexadecimal':
      return exact ? formatHex(field, value) : `${formatHex(field, value)}/0x${mask.toString(16)}`;
    case 'decimal':
      return exact ? String(value) : `0x${value.toString(16)}/0x${mask.toString(16)}`;
  }
}

/**
 * Parses what {@link formatValue} and `ovs-ofctl` print; returns `undefined` for a form that the product never
 * writes.
 */
export function parseValue(field: FieldName, text: string): { value: bigint; mask: bigint } | undefined {
  const { kind, bits } = FIELDS[field];
  if (kind === 'ct_state') return parseCtState(text);
  if (kind === 'frag') return parseFrag(text);
  const [left = '', right] = text.split('/');
  try {
    const value = kind === 'port' ? BigInt(parsePort(left) ?? -1) : parseNumber(kind, left);
    if (right === undefined) return value < 0n ? undefined : { value, mask: fullMask(field) };
    const isPrefix = (kind === 'ipv4' || kind === 'ipv6') && /^\d{1,3}$/.test(right);
    return { value, mask: isPrefix ? prefixMask(Number(right), bits) : parseNumber(kind, right) };
  } catch {
    // Not a form of ours: the caller keeps the text of the switch.
    return undefined;
  }
}

/** @throws ProductError or SyntaxError for a text that is not a value of this kind */
function parseNumber(kind: Kind, text: string): bigint {
  if (kind === 'mac') return macNumber(parseMac(text));
  return kind === 'ipv4' || kind === 'ipv6' ? ipNumber(parseIp(text)) : BigInt(text);
}

export function macNumber(mac: MacAddress): bigint {
  return octetsToNumber(macBytes(mac));
}

export function ipNumber(ip: IpAddress): bigint {
  return octetsToNumber(ipBytes(ip));
}

function octetsToNumber(octets: readonly number[]): bigint {
  return octets.reduce((sum, octet) => (sum << 8n) | BigInt(octet), 0n);
}

function octetsOf(value: bigint, bits: number): number[] {
  const count = bits / 8;
  return Array.from({ length: count }, (_, i) => Number((value >> BigInt(8 * (count - 1 - i))) & 0xffn));
}

function formatMac(value: bigint): string {
  return formatOctets(octetsOf(value, 48));
}

function formatIp(value: bigint, bits: number): string {
  return ipOfBytes(octetsOf(value, bits));
}

/** Formats a contiguous mask as a prefix length, any other as an address. */
function formatIpMask(mask: bigint, bits: number): string {
  for (let prefix = 0; prefix <= bits; prefix++) {
    if (mask === prefixMask(prefix, bits)) return String(prefix);
  }
  return formatIp(mask, bits);
}

/** Returns the mask of the first `prefix` of `bits` bits. */
export function prefixMask(prefix: number, bits: number): bigint {
  return ((1n << BigInt(prefix)) - 1n) << BigInt(bits - prefix);
}

function formatHex(field: FieldName, value: bigint): string {
  if (field !== 'vlan_tci' && value === 0n) return '0';
  return `0x${value.toString(16).padStart(field === 'vlan_tci' ? 4 : 1, '0')}`;
}

/**
 * Names, values and masks of `nw_frag` (ovs-fields(7), "IPv4/v6 Fragmentation"). Bit 0: any fragment; bit 1: not the
 * first.
 */
const FRAGS: readonly (readonly [string, bigint, bigint])[] = [
  ['no', 0n, 3n],
  ['first', 1n, 3n],
  ['later', 3n, 3n],
  ['yes', 1n, 1n],
  ['not_later', 0n, 2n],
];

function formatFrag(value: bigint, mask: bigint): string {
  return (
    FRAGS.find(([, v, m]) => v === value && m === mask)?.[0] ??
    `0x${value.toString(16)}/0x${mask.toString(16)}`
  );
}

function parseFrag(text: string): { value: bigint; mask: bigint } | undefined {
  const known = FRAGS.find(([name]) => name === text);
  return known && { value: known[1], mask: known[2] };
}
