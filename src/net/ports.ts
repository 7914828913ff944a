import { ProductError } from './errors.js';

/** The protocols that have ports, as OVS and OVN write them. */
export const TRANSPORTS = ['tcp', 'udp', 'sctp'] as const;
export type Transport = (typeof TRANSPORTS)[number];

/** A range of transport ports, both ends included. */
export interface PortRange {
  readonly lo: number;
  readonly hi: number;
}

/** A port match as OpenFlow has it: `(port & mask) == value`. */
export interface MaskedPort {
  readonly value: number;
  readonly mask: number;
}

/**
 * Reads `LO-HI`.
 * @throws ProductError `ERR_BAD_PORT_RANGE`
 */
export function parsePortRange(text: string): PortRange {
  const [, lo, hi] = /^(\d{1,5})-(\d{1,5})$/.exec(text.trim()) ?? [];
  const range = { lo: Number(lo), hi: Number(hi) };
  if (lo === undefined || range.lo < 1 || range.hi > 65535 || range.lo > range.hi) {
    throw new ProductError(
      'ERR_BAD_PORT_RANGE',
      `"${text}" is not a port range; give LO-HI with 1 <= LO <= HI <= 65535`,
    );
  }
  return range;
}

export function formatPortRange(range: PortRange): string {
  return `${range.lo}-${range.hi}`;
}

export function portRangesOverlap(a: PortRange, b: PortRange): boolean {
  return a.lo <= b.hi && b.lo <= a.hi;
}

/** The fewest masked matches that cover exactly the ports of `range`, in ascending order (at most 30). */
export function maskedPorts(range: PortRange): MaskedPort[] {
  const masked: MaskedPort[] = [];
  for (let port = range.lo; port <= range.hi; ) {
    // The largest aligned power of two that starts at `port` and does not pass the end.
    let size = port === 0 ? 0x10000 : port & -port;
    while (port + size - 1 > range.hi) size /= 2;
    masked.push({ value: port, mask: 0x10000 - size });
    port += size;
  }
  return masked;
}
