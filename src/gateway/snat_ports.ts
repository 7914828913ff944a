import { formatPortRange, type PortRange, TRANSPORTS, type Transport } from '../net/ports.js';

/** How many of the pods' ports are taken by connections to one port of one server: that is what the range bounds. */
export interface ServerFill {
  readonly protocol: Transport;
  readonly server: string;
  readonly port: number;
  readonly used: number;
}

/** How full the range is from which pods' connections take their ports. */
export interface PortFill {
  readonly range: PortRange;
  /** No server has more connections than this. */
  readonly atMost: number;
  /** The server that has the most; only looked for when there are so many that it matters. */
  readonly busiest: ServerFill | undefined;
}

/** The connections that a switch has tracked for pods. */
export interface PodConnections {
  readonly busiest: ServerFill | undefined;
  /** The zone they are in. */
  readonly zone: number | undefined;
}

/** From this share of the range on an operator should know. */
const NEARLY = 0.9;

export function sizeOf({ lo, hi }: PortRange): number {
  return hi - lo + 1;
}

/**
 * Reads `dpctl/ct-stats-show` (ovs-vswitchd(8), "DPCTL COMMANDS"): the connections of the protocol that has the most,
 * and so at least those to any one server.
 */
export function mostOfOneProtocol(text: string): number {
  const counts = TRANSPORTS.map((protocol) =>
    Number(new RegExp(`^\\s*${protocol}: (\\d+)$`, 'im').exec(text)?.[1] ?? 0),
  );
  return Math.max(...counts);
}

/** A line of `dpctl/dump-conntrack`; only the reply's way says which port a pod's connection got. */
const CONNECTION =
  /^(tcp|udp|sctp),orig=\(src=([^,]+),[^)]*\),reply=\(src=([^,]+),dst=([^,]+),sport=(\d+),dport=(\d+)\),zone=(\d+)/;

/**
 * Finds the pods' connections in `dpctl/dump-conntrack`: replies come to one of `addresses`, at a port of `range`, and
 * are translated on to somebody else.
 */
export function podConnections(
  text: string,
  addresses: readonly string[],
  { lo, hi }: PortRange,
): PodConnections {
  const used = new Map<string, { protocol: Transport; server: string; port: number; used: number }>();
  let zone: number | undefined;
  for (const line of text.split('\n')) {
    const [, protocol, pod, server = '', address = '', port, own, inZone] = CONNECTION.exec(line) ?? [];
    if (!isTransport(protocol) || pod === address || !addresses.includes(address)) continue;
    if (Number(own) < lo || Number(own) > hi) continue;
    zone = Number(inZone);
    const key = `${protocol} ${server} ${port}`;
    const known = used.get(key) ?? { protocol, server, port: Number(port), used: 0 };
    known.used += 1;
    used.set(key, known);
  }
  const busiest = [...used.values()].reduce<ServerFill | undefined>(
    (most, one) => (most === undefined || one.used > most.used ? one : most),
    undefined,
  );
  return { busiest, zone };
}

/** One line for `status`. */
export function formatFill({ range, atMost, busiest }: PortFill): string {
  const of = `of ${sizeOf(range)} in use towards`;
  return busiest === undefined
    ? `at most ${atMost} ${of} one server`
    : `${busiest.used} ${of} ${name(busiest)}`;
}

/** What an operator must do about it; nothing while there is room. */
export function fillProblems(fill: PortFill | undefined): string[] {
  if (fill?.busiest === undefined || fill.busiest.used < NEARLY * sizeOf(fill.range)) return [];
  const how =
    fill.busiest.used < sizeOf(fill.range) ? 'nearly used up' : 'used up, and more connections fail';
  return [
    `the pods' ports ${formatPortRange(fill.range)} are ${how} towards ${name(fill.busiest)}; run gateway-init with a wider --snat-port-range (--reserve-host-ports makes room)`,
  ];
}

function name({ protocol, server, port }: ServerFill): string {
  return `${protocol} ${server} port ${port}`;
}

function isTransport(text: string | undefined): text is Transport {
  return TRANSPORTS.some((one) => one === text);
}
