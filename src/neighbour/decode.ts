import { decodeArp } from './arp.js';
import { decodeDiscovery } from './discovery.js';
import type { NeighbourMessage } from './message.js';

const ARP = 0x0806;
const IPV6 = 0x86dd;

/** Parses an untagged Ethernet frame; returns `undefined` for anything but a valid neighbour message. */
export function decodeMessage(frame: Uint8Array): NeighbourMessage | undefined {
  const type = ((frame[12] ?? 0) << 8) | (frame[13] ?? 0);
  if (type === ARP) return decodeArp(frame);
  return type === IPV6 ? decodeDiscovery(frame) : undefined;
}
