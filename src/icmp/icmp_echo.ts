import type { Family } from '../net/ip.js';

/** Identifies an echo and its reply; 16 bits each (RFC 792, RFC 4443 section 4). */
export interface EchoName {
  readonly id: number;
  readonly sequence: number;
}

const REQUEST: Readonly<Record<Family, number>> = { 4: 8, 6: 128 };
const REPLY: Readonly<Record<Family, number>> = { 4: 0, 6: 129 };
const PAYLOAD = 'ovn-k8s-util';

/** Returns an echo request. The kernel fills in ICMPv6's checksum, which covers the addresses (RFC 3542 section 3.1). */
export function echoRequest(family: Family, { id, sequence }: EchoName): Buffer {
  const packet = Buffer.alloc(8 + PAYLOAD.length);
  packet[0] = REQUEST[family];
  packet.writeUInt16BE(id, 4);
  packet.writeUInt16BE(sequence, 6);
  packet.write(PAYLOAD, 8);
  if (family === 4) packet.writeUInt16BE(checksum(packet), 2);
  return packet;
}

/**
 * Parses a packet of a raw socket, which has the IPv4 header but not the IPv6 header (raw(7)); returns `undefined` for
 * anything but an echo reply.
 */
export function readEchoReply(family: Family, packet: Uint8Array): EchoName | undefined {
  const message = family === 4 ? packet.subarray(4 * ((packet[0] ?? 0) & 0x0f)) : packet;
  if (message.length < 8 || message[0] !== REPLY[family] || message[1] !== 0) return undefined;
  const [a = 0, b = 0, c = 0, d = 0] = message.subarray(4, 8);
  return { id: (a << 8) | b, sequence: (c << 8) | d };
}

/** Returns the checksum of RFC 1071 of an even number of octets. */
function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
