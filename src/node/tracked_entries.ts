import { PROTOCOL_NUMBERS } from '../net/ports.js';
import type { Destination } from './state_destinations.js';

/**
 * A UDP entry of `dpctl/dump-conntrack` in a zone of OVN's: who it was sent to, and who answers. Zone 0, which is not
 * printed, is the host's own.
 */
const ENTRY =
  /^udp,orig=\(src=[^,]+,dst=([^,]+),sport=\d+,dport=(\d+)\),reply=\(src=([^,]+),dst=[^,]+,sport=(\d+),dport=\d+\),zone=\d/;
/** `ADDRESS:PORT`, with brackets around an address of IPv6. */
const AT = /^(?:([0-9.]+)|\[([0-9a-f:.]+)\]):(\d+)$/i;

/** Finds the translated destinations of UDP in `dpctl/dump-conntrack` of which `isGone` is true, each once. */
export function goneDestinations(
  text: string,
  isGone: (destination: Destination) => boolean,
): readonly Destination[] {
  const found = new Map<string, Destination>();
  for (const line of text.split('\n')) {
    const [, to = '', toPort = '', by = '', byPort = ''] = ENTRY.exec(line) ?? [];
    if (to === '' || (to === by && toPort === byPort)) continue;
    const destination = { vip: at(to, toPort), endpoint: at(by, byPort) };
    const key = `${destination.vip} ${destination.endpoint}`;
    if (!found.has(key) && isGone(destination)) found.set(key, destination);
  }
  return [...found.values()];
}

/**
 * Returns the tuples of `dpctl/flush-conntrack` (ovs-vswitchd(8)) that match the UDP entries of a destination, in both
 * directions and in all zones; `undefined` for a text that is not an address and a port.
 */
export function tuplesOf({ vip, endpoint }: Destination): readonly [string, string] | undefined {
  const [, to4, to = to4, toPort] = AT.exec(vip) ?? [];
  const [, by4, by = by4, byPort] = AT.exec(endpoint) ?? [];
  if (to === undefined || by === undefined) return undefined;
  const udp = `ct_nw_proto=${PROTOCOL_NUMBERS.udp}`;
  const [ofTo, ofBy] = [fieldOf(to), fieldOf(by)];
  return [`${ofTo}_dst=${to},${udp},ct_tp_dst=${toPort}`, `${ofBy}_src=${by},${udp},ct_tp_src=${byPort}`];
}

function fieldOf(address: string): string {
  return address.includes(':') ? 'ct_ipv6' : 'ct_nw';
}

function at(address: string, port: string): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
