import type { IpAddress } from '../net/ip.js';
import type { MacAddress } from '../net/mac.js';
import type { NeighbourMessage } from './message.js';

export interface RouterEntry {
  readonly address: IpAddress;
  /** Where it was in the time that counts, in the order in which that was first heard; it is at `mac` now. */
  readonly macs: readonly MacAddress[];
  readonly mac: MacAddress;
  /** How often it changed. */
  readonly changes: number;
  /** When it changed last, in milliseconds since 1970. */
  readonly changed: number;
}

/** A change of MAC is a problem for so long, in milliseconds. */
const STANDS_MS = 600_000;
const MOST_MACS = 4;

/** At which MACs the default gateways are, by what they say themselves. */
export class RouterBook {
  private readonly entries = new Map<IpAddress, RouterEntry>();
  private wanted: ReadonlySet<IpAddress> = new Set();

  /** Whose MACs count from now on. @returns those that are new */
  follow(routers: readonly IpAddress[]): readonly IpAddress[] {
    const added = routers.filter((one) => !this.wanted.has(one));
    this.wanted = new Set(routers);
    for (const address of this.entries.keys()) if (!this.wanted.has(address)) this.entries.delete(address);
    return added;
  }

  get followed(): ReadonlySet<IpAddress> {
    return this.wanted;
  }

  /** @returns whether a router is at a MAC that it was not heard to have before */
  note({ kind, target, sender, mac }: NeighbourMessage, now: number): boolean {
    const address = kind === 'tell' ? target : sender;
    if (address === undefined || !this.wanted.has(address)) return false;
    const before = this.entries.get(address);
    if (before === undefined) {
      this.entries.set(address, { address, macs: [mac], mac, changes: 0, changed: 0 });
      return false;
    }
    if (before.mac === mac) return false;
    const lately = now - before.changed < STANDS_MS ? before.macs : [before.mac];
    const isNew = !lately.includes(mac) && lately.length < MOST_MACS;
    const macs = isNew ? [...lately, mac] : lately;
    this.entries.set(address, { address, macs, mac, changes: before.changes + 1, changed: now });
    return isNew;
  }

  get all(): readonly RouterEntry[] {
    return [...this.entries.values()];
  }

  /** Those that changed lately. */
  changed(now: number): readonly RouterEntry[] {
    return this.all.filter(({ changes, changed }) => changes > 0 && now - changed < STANDS_MS);
  }
}
