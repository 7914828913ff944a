import type { Family, IpAddress } from '../net/ip.js';
import { type MacAddress, parseMac } from '../net/mac.js';
import { decodeArp } from './arp.js';
import { decodeDiscovery } from './discovery.js';

/** What one host says to its neighbours, whether by ARP (RFC 826) or neighbour discovery (RFC 4861). */
export interface NeighbourMessage {
  /** A question who has `target`; or somebody says, asked or not, that it is at `mac`. */
  readonly kind: 'ask' | 'tell';
  readonly family: Family;
  readonly target: IpAddress;
  /** Who asks or says it; `undefined` for one that has no address yet and asks whether it may have `target`. */
  readonly sender: IpAddress | undefined;
  readonly mac: MacAddress;
}

const ARP = 0x0806;
const IPV6 = 0x86dd;

/** Reads an untagged Ethernet frame; `undefined` for whatever is neither, or is not as its RFC says. */
export function decodeMessage(frame: Uint8Array): NeighbourMessage | undefined {
  const type = ((frame[12] ?? 0) << 8) | (frame[13] ?? 0);
  if (type === ARP) return decodeArp(frame);
  return type === IPV6 ? decodeDiscovery(frame) : undefined;
}

/** The MAC that stands at an offset; `undefined` for a group's, which nobody has. */
export function readMac(bytes: Uint8Array, at: number): MacAddress | undefined {
  if (bytes.length < at + 6 || ((bytes[at] ?? 1) & 1) === 1) return undefined;
  const octets = [...bytes.subarray(at, at + 6)].map((octet) => octet.toString(16).padStart(2, '0'));
  return parseMac(octets.join(':'));
}
