import type { ClassCounts } from '../capture/counts.js';
import { CLASSES, type PacketClass } from '../demux/classes.js';
import type { Demux } from '../demux/state.js';
import type { Delivered } from './delivered.js';

/**
 * One reading of the switch's counters: what the NIC had carried before they were asked for, the counters, and what it
 * had carried after. The counters stand for some moment in between.
 */
export interface Reading {
  readonly before: ClassCounts;
  readonly delivered: Delivered;
  readonly after: ClassCounts;
}

/** What arrived of one class, or of several that no packet tells apart, and what was delivered. */
export interface Verdict {
  readonly name: string;
  /** How many arrived between the two moments for which the counters stand: as close as the readings allow. */
  readonly atLeast: bigint;
  readonly atMost: bigint;
  readonly delivered: bigint;
  readonly agrees: boolean;
}

/** Classes that come in by another port. */
const FROM_ELSEWHERE: ReadonlySet<PacketClass> = new Set(['pod-out', 'pod-drop', 'host-out']);

/**
 * Compares what arrived with what was delivered between two readings.
 *
 * @param lost frames that the capture had no room for: they may be of any class
 */
export function judge(start: Reading, end: Reading, demux: Demux, lost: bigint): Verdict[] {
  const unsure = lost + packetsOf(end.after, ['truncated']) - packetsOf(start.before, ['truncated']);
  return groups(demux).map((group) => {
    const between = (from: ClassCounts, to: ClassCounts) => packetsOf(to, group) - packetsOf(from, group);
    const least = between(start.after, end.before);
    const atLeast = least > 0n ? least : 0n;
    const atMost = between(start.before, end.after) + unsure;
    const ofNic = sum(end.delivered.ofNic, group) - sum(start.delivered.ofNic, group);
    const ofAll = sum(end.delivered.ofAll, group) - sum(start.delivered.ofAll, group);
    const delivered = ofNic + ofAll;
    // What other ports sent is in `ofAll` too, so only too few of those say anything.
    return {
      name: group.join(' or '),
      atLeast,
      atMost,
      delivered,
      agrees: delivered >= atLeast && ofNic <= atMost,
    };
  });
}

/** The classes of what comes in by the NIC. Connection tracking alone tells pods' return traffic from the host's own. */
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
