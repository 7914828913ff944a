import { CLASSES, type PacketClass } from '../demux/classes.js';
import type { Count } from '../demux/counters.js';

/** Packets of each class, and of those that are none because too little of them was kept. */
export type ClassCounts = ReadonlyMap<PacketClass | 'truncated', Count>;

/** How many class numbers there are: 0 is none. */
export const CLASS_NUMBERS = CLASSES.length + 1;

/** Reads the addon's totals: packets a class number, bytes a class number, malformed packets. */
export function readCounts(counts: BigUint64Array): ClassCounts {
  const names = ['truncated', ...CLASSES] as const;
  return new Map(
    names.map((name, id) => [name, { packets: counts[id] ?? 0n, bytes: counts[CLASS_NUMBERS + id] ?? 0n }]),
  );
}

/** The name of a class number; 0 is none. */
export function nameOf(classId: number): PacketClass | 'truncated' {
  return CLASSES[classId - 1] ?? 'truncated';
}
