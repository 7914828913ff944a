import { formatPortRange, type PortRange, type Transport } from '../net/ports.js';

/** How many ports of the range the connections to one port of one server use. The range bounds exactly that number. */
export interface ServerFill {
  readonly protocol: Transport;
  readonly server: string;
  readonly port: number;
  readonly used: number;
}

/** How full the port range of the pods' connections is. */
export interface PortFill {
  readonly range: PortRange;
  /** No server has more connections than this. */
  readonly atMost: number;
  /** The server port with the most connections; only looked for once `atMost` is large enough to matter. */
  readonly busiest: ServerFill | undefined;
}

/** The share of the range from which on an operator should know. */
const NEARLY = 0.9;

export function sizeOf({ lo, hi }: PortRange): number {
  return hi - lo + 1;
}

/** Returns the fill as one line of `status`. */
export function formatFill({ range, atMost, busiest }: PortFill): string {
  const of = `of ${sizeOf(range)} in use towards`;
  return busiest === undefined
    ? `at most ${atMost} ${of} one server`
    : `${busiest.used} ${of} ${formatServer(busiest)}`;
}

/** Returns the problem of a range that is nearly used up, with its remedy; nothing while there is room. */
export function fillProblems(fill: PortFill | undefined): string[] {
  if (fill?.busiest === undefined || fill.busiest.used < NEARLY * sizeOf(fill.range)) return [];
  const state =
    fill.busiest.used < sizeOf(fill.range) ? 'nearly used up' : 'used up, and more connections fail';
  return [
    `the pods' ports ${formatPortRange(fill.range)} are ${state} towards ${formatServer(fill.busiest)}; run gateway-init with a wider --snat-port-range (--reserve-host-ports makes room)`,
  ];
}

function formatServer({ protocol, server, port }: ServerFill): string {
  return `${protocol} ${server} port ${port}`;
}
