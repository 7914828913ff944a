import { CLASSES, type PacketClass } from '../demux/classes.js';
import type { Count } from '../demux/counters.js';

/** The name of a frame's class; `truncated` for a frame of which the capture holds too little to classify it. */
export type ClassName = PacketClass | 'truncated';

export type ClassCounts = ReadonlyMap<ClassName, Count>;

/** How many class numbers there are: those of the classes, and 0 for `truncated`. */
export const CLASS_NUMBERS = CLASSES.length + 1;

/** Reads the addon's totals: packets of each class number, bytes of each class number, malformed packets. */
export function readCounts(counts: BigUint64Array): ClassCounts {
  const names = ['truncated', ...CLASSES] as const;
  return new Map(
    names.map((name, id) => [name, { packets: counts[id] ?? 0n, bytes: counts[CLASS_NUMBERS + id] ?? 0n }]),
  );
}

export function classNameOf(classId: number): ClassName {
  return CLASSES[classId - 1] ?? 'truncated';
}
