import type { ClassCounts } from '../capture/counts.js';
import { CLASSES, type PacketClass } from '../demux/classes.js';
import type { Demux } from '../demux/state.js';
import type { Delivered } from './delivered.js';

/**
 * One reading of the switch's counters, and the counts of the NIC immediately before and after it. The switch's counters
 * are those of some moment in between.
 */
export interface Reading {
  readonly before: ClassCounts;
  readonly delivered: Delivered;
  readonly after: ClassCounts;
}

/** The packets of one class, or of several classes that look alike: how many arrived, and how many were delivered. */
export interface ClassComparison {
  readonly name: string;
  /** Bounds for the packets that arrived between the moments of the two readings of the switch. */
  readonly atLeast: bigint;
  readonly atMost: bigint;
  readonly delivered: bigint;
  readonly agrees: boolean;
}

/** Classes of packets that do not enter by the NIC. */
const FROM_ELSEWHERE: ReadonlySet<PacketClass> = new Set(['pod-out', 'pod-drop', 'host-out']);

/**
 * Compares, for each class, the packets that arrived between two readings with those that the switch delivered.
 *
 * @param lost frames that the capture dropped: each can be of any class
 */
export function compareReadings(start: Reading, end: Reading, demux: Demux, lost: bigint): ClassComparison[] {
  const unclassified = lost + packetsOf(end.after, ['truncated']) - packetsOf(start.before, ['truncated']);
  return groups(demux).map((group) => {
    const between = (from: ClassCounts, to: ClassCounts) => packetsOf(to, group) - packetsOf(from, group);
    const least = between(start.after, end.before);
    const atLeast = least > 0n ? least : 0n;
    const atMost = between(start.before, end.after) + unclassified;
    const ofNic = sum(end.delivered.ofNic, group) - sum(start.delivered.ofNic, group);
    const ofAll = sum(end.delivered.ofAll, group) - sum(start.delivered.ofAll, group);
    const delivered = ofNic + ofAll;
    // `ofAll` includes packets of other ports, so a high count proves nothing; a low count does.
    return {
      name: group.join(' or '),
      atLeast,
      atMost,
      delivered,
      agrees: delivered >= atLeast && ofNic <= atMost,
    };
  });
}

/** Groups the classes that enter by the NIC. In `conntrack` mode no packet shows whether it is pod-return or management. */
function groups({ mode }: Demux): readonly (readonly PacketClass[])[] {
  const arriving = CLASSES.filter((name) => !FROM_ELSEWHERE.has(name));
  if (mode === 'port-range') return arriving.map((name) => [name]);
  return [
    ...arriving.filter((name) => name !== 'pod-return' && name !== 'management').map((name) => [name]),
    ['pod-return', 'management'],
  ];
}

function packetsOf(counts: ClassCounts, names: readonly (PacketClass | 'truncated')[]): bigint {
  return names.reduce((total, name) => total + (counts.get(name)?.packets ?? 0n), 0n);
}

function sum(counts: ReadonlyMap<PacketClass, bigint>, names: readonly PacketClass[]): bigint {
  return names.reduce((total, name) => total + (counts.get(name) ?? 0n), 0n);
}
