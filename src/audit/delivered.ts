import { classOfId, type PacketClass } from '../demux/classes.js';
import { classIdOf } from '../openflow/cookie.js';
import type { InstalledFlow } from '../openflow/flow.js';

/** What the flows' counters say was delivered, by class, of packets that came in by the NIC. */
export interface Delivered {
  /** By flows that only packets of the NIC meet. */
  readonly ofNic: ReadonlyMap<PacketClass, bigint>;
  /** By flows that packets of other ports meet too. */
  readonly ofAll: ReadonlyMap<PacketClass, bigint>;
}

/** Sorts the counters of `flows` by class. Tables but the first are entered from the NIC alone. */
export function deliveredBy(flows: readonly InstalledFlow[], nic: number): Delivered {
  const [ofNic, ofAll] = [new Map<PacketClass, bigint>(), new Map<PacketClass, bigint>()];
  for (const { cookie, key, packets } of flows) {
    const name = classOfId(classIdOf(cookie));
    if (name === undefined) continue;
    const [, port] = /,in_port=(\w+)(?:,|$)/.exec(key) ?? [];
    const isOfNic = port === String(nic) || !key.startsWith('table=0,');
    if (!isOfNic && port !== undefined) continue;
    const sums = isOfNic ? ofNic : ofAll;
    sums.set(name, (sums.get(name) ?? 0n) + packets);
  }
  return { ofNic, ofAll };
}

/** Whether the flows are the same ones, and have only counted on: else two readings cannot be compared. */
export function isContinued(before: readonly InstalledFlow[], after: readonly InstalledFlow[]): boolean {
  const now = new Map(after.map((flow) => [flow.key, flow]));
  return (
    before.length === after.length &&
    before.every(({ key, text, cookie, packets }) => {
      const then = now.get(key);
      return then !== undefined && then.text === text && then.cookie === cookie && then.packets >= packets;
    })
  );
}
