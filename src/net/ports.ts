import { ProductError } from './errors.js';

/** The protocols with ports, by the names that OVS and OVN use. */
export const TRANSPORTS = ['tcp', 'udp', 'sctp'] as const;
export type Transport = (typeof TRANSPORTS)[number];

/** Their IP protocol numbers (IANA). */
export const PROTOCOL_NUMBERS: Readonly<Record<Transport, number>> = { tcp: 6, udp: 17, sctp: 132 };

/** A range of transport ports, both ends included. */
export interface PortRange {
  readonly lo: number;
  readonly hi: number;
}

/** A masked port match of OpenFlow: `(port & mask) == value`. */
export interface MaskedPort {
  readonly value: number;
  readonly mask: number;
}

/**
 * Parses `LO-HI`.
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

/** Returns the fewest masked matches that cover exactly the ports of `range`, in ascending order; at most 30. */
export function maskedPorts(range: PortRange): MaskedPort[] {
  const masked: MaskedPort[] = [];
  for (let port = range.lo; port <= range.hi; ) {
    // The size of the largest aligned block that starts at `port` and ends within the range.
    let size = port === 0 ? 0x10000 : port & -port;
    while (port + size - 1 > range.hi) size /= 2;
    masked.push({ value: port, mask: 0x10000 - size });
    port += size;
  }
  return masked;
}
