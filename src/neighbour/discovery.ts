import { type Ipv6Address, ipBytes, ipOfBytes, parseIp } from '../net/ip.js';
import { type MacAddress, macBytes, readMac } from '../net/mac.js';
import type { NeighbourMessage } from './message.js';

/*
 * Neighbour solicitations and advertisements (RFC 4861 sections 4.3 and 4.4), offsets in the frame:
 *
 *    0 destination   6 source   12 0x86dd
 *   14 IPv6: 18 payload length   20 next header 58   21 hop limit 255   22 source   38 destination
 *   54 type   55 code 0   56 checksum   58 flags   62 target   78 options, each type, length / 8, value
 */
const [LENGTH, NEXT, HOPS, SOURCE, DESTINATION, ICMP] = [18, 20, 21, 22, 38, 54] as const;
const [TYPE, CODE, CHECKSUM, TARGET, OPTIONS] = [54, 55, 56, 62, 78] as const;
const OPTION_LENGTH = 8;
/** An advertisement with its one option, the target's MAC. */
export const ADVERTISEMENT_LENGTH = OPTIONS + OPTION_LENGTH;

const [ICMPV6, ROUTER_SOLICITATION, SOLICITATION, ADVERTISEMENT] = [58, 133, 135, 136] as const;
/** The options of a router solicitation, which has no target. */
const ROUTER_OPTIONS = TARGET;
const [SOURCE_MAC, TARGET_MAC] = [1, 2] as const;
/** Receivers replace the MAC that they have cached (RFC 4861 section 4.4). */
const OVERRIDE = 0x20;
const ALL_NODES = [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
const ALL_ROUTERS = [...ALL_NODES.slice(0, 15), 2];
/** The solicited-node groups are ff02::1:ff00:0/104. */
const SOLICITED_NODE = [...ALL_NODES.slice(0, 11), 1, 0xff];
const UNSPECIFIED = parseIp('::');

/** Returns the group to which solicitations for `target` are sent (RFC 4291 section 2.7.1). */
export function solicitedNodeGroup(target: Ipv6Address): Ipv6Address {
  return ipOfBytes(groupOf(ipBytes(target))) as Ipv6Address;
}

/**
 * Returns a solicitation for the MAC of `target`, sent to its solicited-node group (RFC 4291 section 2.7.1). Without a
 * sender it is one of duplicate address detection (RFC 4862 section 5.4.2), and the reply goes to all nodes.
 */
export function solicitation(mac: MacAddress, sender: Ipv6Address | undefined, target: Ipv6Address): Buffer {
  const frame = Buffer.alloc(sender === undefined ? OPTIONS : OPTIONS + OPTION_LENGTH);
  const bytes = ipBytes(target);
  head(frame, mac, groupOf(bytes));
  frame.set(ipBytes(sender ?? UNSPECIFIED), SOURCE);
  frame.set([SOLICITATION, 0], TYPE);
  frame.set(bytes, TARGET);
  if (sender !== undefined) frame.set([SOURCE_MAC, 1, ...macBytes(mac)], OPTIONS);
  frame.writeUInt16BE(checksum(frame), CHECKSUM);
  return frame;
}

/** Returns a solicitation of the routers' advertisements (RFC 4861 section 4.1). */
export function routerSolicitation(mac: MacAddress, sender: Ipv6Address | undefined): Buffer {
  const frame = Buffer.alloc(sender === undefined ? ROUTER_OPTIONS : ROUTER_OPTIONS + OPTION_LENGTH);
  head(frame, mac, ALL_ROUTERS);
  frame.set(ipBytes(sender ?? UNSPECIFIED), SOURCE);
  frame.set([ROUTER_SOLICITATION, 0], TYPE);
  if (sender !== undefined) frame.set([SOURCE_MAC, 1, ...macBytes(mac)], ROUTER_OPTIONS);
  frame.writeUInt16BE(checksum(frame), CHECKSUM);
  return frame;
}

/** Returns one unsolicited advertisement for each address, sent from it to all nodes (RFC 4861 section 7.2.6). */
export function advertisements(mac: MacAddress, addresses: readonly Ipv6Address[]): Buffer {
  const template = Buffer.alloc(ADVERTISEMENT_LENGTH);
  head(template, mac, ALL_NODES);
  template.set([ADVERTISEMENT, 0, 0, 0, OVERRIDE], TYPE);
  template.set([TARGET_MAC, 1, ...macBytes(mac)], OPTIONS);
  const frames = Buffer.alloc(ADVERTISEMENT_LENGTH * addresses.length, template);
  const common = sumOf(template);
  let at = 0;
  for (const address of addresses) {
    const bytes = ipBytes(address);
    let sum = common;
    for (let i = 0; i < bytes.length; i += 2) sum += 2 * (((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0));
    frames.set(bytes, at + SOURCE);
    frames.set(bytes, at + TARGET);
    frames.writeUInt16BE(folded(sum), at + CHECKSUM);
    at += ADVERTISEMENT_LENGTH;
  }
  return frames;
}

/** Parses a solicitation or an advertisement; returns `undefined` if it fails the checks of RFC 4861 sections 7.1.1 and 7.1.2. */
export function decodeDiscovery(frame: Uint8Array): NeighbourMessage | undefined {
  const length = ICMP + (((frame[LENGTH] ?? 0) << 8) | (frame[LENGTH + 1] ?? 0));
  if (length < OPTIONS || frame.length < length) return undefined;
  const packet = frame.subarray(0, length);
  const type = packet[TYPE];
  if (packet[NEXT] !== ICMPV6 || packet[HOPS] !== 255 || packet[CODE] !== 0) return undefined;
  if ((type !== SOLICITATION && type !== ADVERTISEMENT) || packet[TARGET] === 0xff) return undefined;
  if (checksum(packet) !== 0) return undefined;
  const option = optionAt(packet, type === SOLICITATION ? SOURCE_MAC : TARGET_MAC);
  if (option === 'malformed') return undefined;
  const mac = readMac(packet, option === undefined ? 6 : option + 2);
  if (mac === undefined) return undefined;
  const source = addressAt(packet, SOURCE);
  const sender = source === UNSPECIFIED ? undefined : source;
  const target = addressAt(packet, TARGET);
  if (type === SOLICITATION) return { kind: 'request', family: 6, target, sender, mac };
  return sender === undefined ? undefined : { kind: 'advertisement', family: 6, target, sender, mac };
}

function groupOf(target: readonly number[]): number[] {
  return [...SOLICITED_NODE, ...target.slice(13)];
}

function addressAt(packet: Uint8Array, at: number): Ipv6Address {
  return ipOfBytes([...packet.subarray(at, at + 16)]) as Ipv6Address;
}

/** Returns the offset of the first option of this type. */
function optionAt(packet: Uint8Array, wanted: number): number | undefined | 'malformed' {
  let found: number | undefined;
  for (let at = OPTIONS; at < packet.length; ) {
    const length = 8 * (packet[at + 1] ?? 0);
    if (length === 0 || at + length > packet.length) return 'malformed';
    if (packet[at] === wanted) found ??= at;
    at += length;
  }
  return found;
}

/** Writes all but type, source, target and options. The destination MAC ends in the group's last four octets (RFC 2464 section 7). */
function head(frame: Buffer, mac: MacAddress, group: readonly number[]): void {
  frame.set([0x33, 0x33, ...group.slice(12), ...macBytes(mac), 0x86, 0xdd, 0x60]);
  frame.writeUInt16BE(frame.length - ICMP, LENGTH);
  frame.set([ICMPV6, 255], NEXT);
  frame.set(group, DESTINATION);
}

/** Returns ICMPv6's checksum (RFC 4443 section 2.3), which covers a pseudo-header too; 0 if the message already has it. */
function checksum(frame: Uint8Array): number {
  return folded(sumOf(frame));
}

function sumOf(frame: Uint8Array): number {
  let sum = frame.length - ICMP + ICMPV6;
  for (let at = SOURCE; at < frame.length; at += 2) sum += ((frame[at] ?? 0) << 8) | (frame[at + 1] ?? 0);
  return sum;
}

/** Returns the complement of the ones' complement sum (RFC 1071). */
function folded(sum: number): number {
  let rest = sum;
  while (rest > 0xffff) rest = (rest & 0xffff) + (rest >>> 16);
  return ~rest & 0xffff;
}
