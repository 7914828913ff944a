import { type Ipv4Address, ipBytes, ipOfBytes, parseIp } from '../net/ip.js';
import { type MacAddress, macBytes, readMac } from '../net/mac.js';
import type { NeighbourMessage } from './message.js';

/*
 * ARP for IPv4 on Ethernet (RFC 826), offsets in the frame:
 *
 *    0 destination   6 source   12 0x0806
 *   14 hardware 1   16 protocol 0x0800   18 lengths 6, 4   20 operation
 *   22 sender's MAC   28 sender's address   32 target's MAC   38 target's address   42
 */
export const ARP_LENGTH = 42;
const SENDER_MAC = 22;
const SENDER = 28;
const TARGET = 38;

const BROADCAST = [255, 255, 255, 255, 255, 255];
const UNSPECIFIED = parseIp('0.0.0.0');

/** Returns a broadcast request for the MAC of `target`; without a sender it is a probe (RFC 5227 section 2.1.1). */
export function arpRequest(mac: MacAddress, sender: Ipv4Address | undefined, target: Ipv4Address): Buffer {
  const frame = requestFrom(mac);
  frame.set(ipBytes(sender ?? UNSPECIFIED), SENDER);
  frame.set(ipBytes(target), TARGET);
  return frame;
}

/** Returns one announcement for each address: a request for the sender's own address (RFC 5227 section 3). */
export function arpAnnouncements(mac: MacAddress, addresses: readonly Ipv4Address[]): Buffer {
  const frames = Buffer.alloc(ARP_LENGTH * addresses.length, requestFrom(mac));
  let at = 0;
  for (const address of addresses) {
    const bytes = ipBytes(address);
    frames.set(bytes, at + SENDER);
    frames.set(bytes, at + TARGET);
    at += ARP_LENGTH;
  }
  return frames;
}

function requestFrom(mac: MacAddress): Buffer {
  const frame = Buffer.alloc(ARP_LENGTH);
  frame.set([...BROADCAST, ...macBytes(mac), 0x08, 0x06, 0, 1, 0x08, 0, 6, 4, 0, 1, ...macBytes(mac)]);
  return frame;
}

/** Parses an ARP frame; returns `undefined` if it is not a valid request, reply or announcement for IPv4 on Ethernet. */
export function decodeArp(frame: Uint8Array): NeighbourMessage | undefined {
  if (frame.length < ARP_LENGTH) return undefined;
  const isIpv4OnEthernet = [0, 1, 0x08, 0, 6, 4, 0].every((octet, index) => frame[14 + index] === octet);
  const operation = frame[21];
  const mac = readMac(frame, SENDER_MAC);
  if (!isIpv4OnEthernet || mac === undefined || (operation !== 1 && operation !== 2)) return undefined;
  const sender = ipOfBytes([...frame.subarray(SENDER, SENDER + 4)]);
  const target = ipOfBytes([...frame.subarray(TARGET, TARGET + 4)]);
  const known = sender === UNSPECIFIED ? undefined : sender;
  if (operation === 1 && sender !== target) return { kind: 'request', family: 4, target, sender: known, mac };
  return known === undefined
    ? undefined
    : { kind: 'advertisement', family: 4, target: known, sender: known, mac };
}
