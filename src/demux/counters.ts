import { classIdOf } from '../openflow/cookie.js';
import type { InstalledFlow } from '../openflow/flow.js';
import { CLASSES, classOfId, type PacketClass } from './classes.js';

export interface Count {
  readonly packets: bigint;
  readonly bytes: bigint;
}

/** Returns the packets and bytes of each class, in the table's order, summed over the counters of its flows. */
export function countByClass(installed: readonly InstalledFlow[]): ReadonlyMap<PacketClass, Count> {
  const counts = new Map<PacketClass, Count>(CLASSES.map((name) => [name, { packets: 0n, bytes: 0n }]));
  for (const flow of installed) {
    const name = classOfId(classIdOf(flow.cookie));
    const sum = name && counts.get(name);
    if (name && sum) counts.set(name, { packets: sum.packets + flow.packets, bytes: sum.bytes + flow.bytes });
  }
  return counts;
}
