import { classOfId, type PacketClass } from '../demux/classes.js';
import { classIdOf } from '../openflow/cookie.js';
import { type InstalledFlow, splitKey } from '../openflow/flow.js';
import { parseMatch } from '../openflow/match.js';

/** The packets that entered by the NIC and were delivered, by class, as the flows' counters say. */
export interface Delivered {
  /** Counted by flows that only packets of the NIC match. */
  readonly ofNic: ReadonlyMap<PacketClass, bigint>;
  /** Counted by flows that packets of any port match. */
  readonly ofAll: ReadonlyMap<PacketClass, bigint>;
}

/** Sums the counters of `flows` by class. Only packets of the NIC enter the tables after the first. */
export function deliveredBy(flows: readonly InstalledFlow[], nic: number): Delivered {
  const [ofNic, ofAll] = [new Map<PacketClass, bigint>(), new Map<PacketClass, bigint>()];
  for (const { cookie, key, packets } of flows) {
    const name = classOfId(classIdOf(cookie));
    if (name === undefined) continue;
    const { table, where } = splitKey(key);
    const inPort = parseMatch(where)?.find(({ field }) => field === 'in_port')?.value;
    const isOfNic = inPort === BigInt(nic) || table !== 0;
    if (!isOfNic && inPort !== undefined) continue;
    const sums = isOfNic ? ofNic : ofAll;
    sums.set(name, (sums.get(name) ?? 0n) + packets);
  }
  return { ofNic, ofAll };
}

/** Whether `after` has the same flows as `before`, with counters that only grew: else the two cannot be compared. */
export function isContinued(before: readonly InstalledFlow[], after: readonly InstalledFlow[]): boolean {
  const now = new Map(after.map((flow) => [flow.key, flow]));
  return (
    before.length === after.length &&
    before.every(({ key, text, cookie, packets }) => {
      const later = now.get(key);
      return (
        later !== undefined && later.text === text && later.cookie === cookie && later.packets >= packets
      );
    })
  );
}
