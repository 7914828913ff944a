import type { IpAddress } from '../net/ip.js';
import type { MacAddress } from '../net/mac.js';
import type { NeighbourMessage } from './message.js';

export interface RouterEntry {
  readonly address: IpAddress;
  /** The MACs it had since its last quiet period, in order of first use; at most {@link MAX_MACS}. */
  readonly macs: readonly MacAddress[];
  /** The MAC it has now. */
  readonly mac: MacAddress;
  /** How often its MAC changed. */
  readonly changes: number;
  /** When its MAC changed last, in milliseconds since 1970. */
  readonly changed: number;
}

/** How long a change of MAC is reported as a problem, in milliseconds. */
const LASTS_MS = 600_000;
const MAX_MACS = 4;

/** Records the MACs of the default gateways from their own messages. */
export class RouterBook {
  private readonly entries = new Map<IpAddress, RouterEntry>();
  private wanted: ReadonlySet<IpAddress> = new Set();

  /** Sets the routers to record; returns those that were not recorded before. */
  follow(routers: readonly IpAddress[]): readonly IpAddress[] {
    const added = routers.filter((one) => !this.wanted.has(one));
    this.wanted = new Set(routers);
    for (const address of this.entries.keys()) if (!this.wanted.has(address)) this.entries.delete(address);
    return added;
  }

  get followed(): ReadonlySet<IpAddress> {
    return this.wanted;
  }

  /** Records `message`; returns whether it shows a router at a MAC that it did not have before. */
  note({ kind, target, sender, mac }: NeighbourMessage, now: number): boolean {
    const address = kind === 'advertisement' ? target : sender;
    if (address === undefined || !this.wanted.has(address)) return false;
    const before = this.entries.get(address);
    if (before === undefined) {
      this.entries.set(address, { address, macs: [mac], mac, changes: 0, changed: 0 });
      return false;
    }
    if (before.mac === mac) return false;
    const recent = now - before.changed < LASTS_MS ? before.macs : [before.mac];
    const isNew = !recent.includes(mac) && recent.length < MAX_MACS;
    const macs = isNew ? [...recent, mac] : recent;
    this.entries.set(address, { address, macs, mac, changes: before.changes + 1, changed: now });
    return isNew;
  }

  get all(): readonly RouterEntry[] {
    return [...this.entries.values()];
  }

  /** Returns the routers whose change of MAC is a problem now. */
  changed(now: number): readonly RouterEntry[] {
    return this.all.filter(({ changes, changed }) => changes > 0 && now - changed < LASTS_MS);
  }
}
