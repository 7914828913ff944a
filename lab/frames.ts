import { type IpAddress, ipBytes, isIpv4 } from '../src/net/ip.js';
import { type MacAddress, macBytes } from '../src/net/mac.js';

/** Destination and source of a frame; `vlan` adds an 802.1Q tag. */
export interface Link {
  readonly dst: MacAddress;
  readonly src: MacAddress;
  readonly vlan?: number;
}

export interface Ip {
  readonly src: IpAddress;
  readonly dst: IpAddress;
}

const ARP = 0x0806;
const IPV4 = 0x0800;
const IPV6 = 0x86dd;
const VLAN = 0x8100;
const UDP = 17;
const ICMP6 = 58;
const FRAGMENT_HEADER = 44;

/** IP protocol numbers of the transports with ports. */
export const PROTOCOL = { tcp: 6, udp: UDP, sctp: 132 } as const;

/** Returns an ARP packet (RFC 826); `sha` is the sender's MAC. */
export function arp(
  link: Link,
  op: 1 | 2,
  sha: MacAddress,
  spa: IpAddress,
  tpa: IpAddress,
  marker: Buffer,
): Buffer {
  const body = Buffer.from([
    0,
    1,
    8,
    0,
    6,
    4,
    0,
    op,
    ...macBytes(sha),
    ...ipBytes(spa),
    0,
    0,
    0,
    0,
    0,
    0,
    ...ipBytes(tpa),
  ]);
  return ethernet(link, ARP, Buffer.concat([body, marker]));
}

/** Returns a neighbour solicitation or advertisement (RFC 4861 sections 4.3 and 4.4). */
export function nd(link: Link, ip: Ip, type: 135 | 136, target: IpAddress, marker: Buffer): Buffer {
  // The marker is in an option of an unknown type, which receivers skip (RFC 4861 section 4.6).
  const option = Buffer.concat([
    Buffer.from([253, 1 + Math.ceil(marker.length / 8)]),
    Buffer.alloc(6),
    padded(marker, 8),
  ]);
  return icmp6(
    link,
    ip,
    type,
    0,
    Buffer.concat([Buffer.alloc(4), Buffer.from(ipBytes(target)), option]),
    255,
  );
}

/** What a router advertises; all times in seconds. */
export interface Advertisement {
  /** Of the default route; 0 if the router resigns. */
  readonly lifetime: number;
  /** Prefixes of 64 bits, on-link. */
  readonly prefixes: readonly {
    readonly prefix: IpAddress;
    readonly lifetime: number;
    /** Whether hosts make addresses of it. */
    readonly autonomous: boolean;
  }[];
}

/** Returns a router advertisement (RFC 4861 section 4.2). */
export function routerAdvertisement(link: Link, ip: Ip, { lifetime, prefixes }: Advertisement): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt8(64, 0);
  head.writeUInt16BE(lifetime, 2);
  const options = prefixes.map(({ prefix, lifetime: seconds, autonomous }) => {
    const flags = autonomous ? 0xc0 : 0x80;
    const option = Buffer.from([3, 4, 64, flags, ...new Array<number>(12).fill(0), ...ipBytes(prefix)]);
    option.writeUInt32BE(seconds, 4);
    option.writeUInt32BE(seconds, 8);
    return option;
  });
  return icmp6(link, ip, 134, 0, Buffer.concat([head, ...options]), 255);
}

/** Returns a packet with ports and the marker as payload. A TCP packet has SYN set, and ACK too if it is an answer. */
export function transport(
  link: Link,
  ip: Ip,
  protocol: keyof typeof PROTOCOL,
  { src, dst, answer = false }: { readonly src: number; readonly dst: number; readonly answer?: boolean },
  marker: Buffer,
): Buffer {
  const head = { tcp: 20, udp: 8, sctp: 12 }[protocol];
  const segment = Buffer.concat([Buffer.alloc(head), marker]);
  segment.writeUInt16BE(src, 0);
  segment.writeUInt16BE(dst, 2);
  if (protocol === 'tcp') segment.writeUInt16BE(answer ? 0x5012 : 0x5002, 12);
  if (protocol === 'udp') segment.writeUInt16BE(segment.length, 4);
  const at = { tcp: 16, udp: 6, sctp: undefined }[protocol];
  if (at !== undefined) segment.writeUInt16BE(pseudoChecksum(ip, PROTOCOL[protocol], segment), at);
  return packet(link, ip, PROTOCOL[protocol], segment);
}

/** Returns an ICMP message (RFC 792, RFC 4443) of the family of `ip`; `rest` follows type, code and checksum. */
export function icmp(link: Link, ip: Ip, type: number, rest: Buffer, code = 0): Buffer {
  if (!isIpv4(ip.src)) return icmp6(link, ip, type, code, rest, 64);
  const message = Buffer.concat([Buffer.from([type, code, 0, 0]), rest]);
  message.writeUInt16BE(checksum(message), 2);
  return packet(link, ip, 1, message);
}

/** Returns a packet of any other IP protocol, with the marker as payload. */
export function other(link: Link, ip: Ip, protocol: number, marker: Buffer): Buffer {
  return packet(link, ip, protocol, marker);
}

/** Returns a later fragment, with payload and no transport header (RFC 791, RFC 8200 section 4.5). */
export function laterFragment(link: Link, ip: Ip, marker: Buffer): Buffer {
  const payload = padded(marker, 8);
  const offset = 185;
  if (isIpv4(ip.src)) return packet(link, ip, UDP, payload, { fragment: offset });
  const header = Buffer.from([UDP, 0, 0, 0, 0, 0, 0, 7]);
  header.writeUInt16BE(offset << 3, 2);
  return packet(link, ip, FRAGMENT_HEADER, Buffer.concat([header, payload]));
}

/** Returns an Ethernet frame. */
export function ethernet({ dst, src, vlan }: Link, type: number, body: Buffer): Buffer {
  const tag = vlan === undefined ? [] : [VLAN >> 8, VLAN & 0xff, vlan >> 8, vlan & 0xff];
  const head = Buffer.from([...macBytes(dst), ...macBytes(src), ...tag, type >> 8, type & 0xff]);
  const frame = Buffer.concat([head, body]);
  return frame.length >= 60 ? frame : Buffer.concat([frame, Buffer.alloc(60 - frame.length)]);
}

function icmp6(link: Link, ip: Ip, type: number, code: number, rest: Buffer, hops: number): Buffer {
  const message = Buffer.concat([Buffer.from([type, code, 0, 0]), rest]);
  message.writeUInt16BE(pseudoChecksum(ip, ICMP6, message), 2);
  return packet(link, ip, ICMP6, message, { hops });
}

function packet(
  link: Link,
  ip: Ip,
  protocol: number,
  payload: Buffer,
  more: { hops?: number; fragment?: number } = {},
): Buffer {
  const addresses = Buffer.from([...ipBytes(ip.src), ...ipBytes(ip.dst)]);
  const { hops = 64, fragment = 0 } = more;
  if (!isIpv4(ip.src)) {
    const head = Buffer.from([0x60, 0, 0, 0, 0, 0, protocol, hops]);
    head.writeUInt16BE(payload.length, 4);
    return ethernet(link, IPV6, Buffer.concat([head, addresses, payload]));
  }
  const head = Buffer.from([0x45, 0, 0, 0, 0, 1, 0, 0, hops, protocol, 0, 0]);
  head.writeUInt16BE(20 + payload.length, 2);
  head.writeUInt16BE(fragment, 6);
  head.writeUInt16BE(checksum(Buffer.concat([head, addresses])), 10);
  return ethernet(link, IPV4, Buffer.concat([head, addresses, payload]));
}

function pseudoChecksum(ip: Ip, protocol: number, segment: Buffer): number {
  const tail = Buffer.alloc(8);
  tail.writeUInt32BE(segment.length, 0);
  tail.writeUInt32BE(protocol, 4);
  return checksum(Buffer.concat([Buffer.from([...ipBytes(ip.src), ...ipBytes(ip.dst)]), tail, segment]));
}

/** Returns the Internet checksum (RFC 1071). */
function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += ((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function padded(bytes: Buffer, multiple: number): Buffer {
  const rest = bytes.length % multiple;
  return rest === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(multiple - rest)]);
}
