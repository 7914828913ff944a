import { type PortRange, TRANSPORTS, type Transport } from '../net/ports.js';
import type { ServerFill } from './state_port_fill.js';

/** The connections of pods that the switch tracks. */
export interface PodConnections {
  /** The server port with the most connections. */
  readonly busiest: ServerFill | undefined;
  /** The conntrack zone of the connections. */
  readonly zone: number | undefined;
}

/**
 * Returns the count of the protocol with the most connections, from `dpctl/ct-stats-show` (ovs-vswitchd(8), "DPCTL
 * COMMANDS"). No single server has more connections than that.
 */
export function mostOfOneProtocol(text: string): number {
  const counts = TRANSPORTS.map((protocol) =>
    Number(new RegExp(`^\\s*${protocol}: (\\d+)$`, 'im').exec(text)?.[1] ?? 0),
  );
  return Math.max(...counts);
}

/** A line of `dpctl/dump-conntrack`. Only the reply direction shows the port that SNAT gave the connection. */
const CONNECTION =
  /^(tcp|udp|sctp),orig=\(src=([^,]+),[^)]*\),reply=\(src=([^,]+),dst=([^,]+),sport=(\d+),dport=(\d+)\),zone=(\d+)/;

/**
 * Finds the connections of pods in `dpctl/dump-conntrack`: their replies come to one of `addresses`, at a port of the
 * range, and are translated on to another address.
 */
export function podConnections(
  text: string,
  addresses: readonly string[],
  { lo, hi }: PortRange,
): PodConnections {
  const servers = new Map<string, { protocol: Transport; server: string; port: number; used: number }>();
  let zone: number | undefined;
  for (const line of text.split('\n')) {
    const [, protocol, pod, server = '', address = '', port, own, inZone] = CONNECTION.exec(line) ?? [];
    if (!isTransport(protocol) || pod === address || !addresses.includes(address)) continue;
    if (Number(own) < lo || Number(own) > hi) continue;
    zone = Number(inZone);
    const key = `${protocol} ${server} ${port}`;
    const found = servers.get(key) ?? { protocol, server, port: Number(port), used: 0 };
    found.used += 1;
    servers.set(key, found);
  }
  const busiest = [...servers.values()].reduce<ServerFill | undefined>(
    (most, one) => (most === undefined || one.used > most.used ? one : most),
    undefined,
  );
  return { busiest, zone };
}

function isTransport(text: string | undefined): text is Transport {
  return TRANSPORTS.some((one) => one === text);
}
