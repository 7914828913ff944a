import type { IpAddress } from '../net/ip.js';
import type { MacAddress } from '../net/mac.js';
import type { NeighbourMessage } from './message.js';
import type { Conflict } from './probe.js';

/** Another host that uses one of our addresses, and how often it said so. */
export interface RecordedConflict extends Conflict {
  /** How many messages said so. */
  readonly count: number;
  /** When the last one arrived, in milliseconds since 1970. */
  readonly last: number;
}

/** A conflict is a problem for this long after its last message, in milliseconds. */
const LASTS_MS = 300_000;
/** Limits the memory that a host can use up by changing its MAC again and again. */
const MAX_CONFLICTS = 64;

/**
 * Records which other hosts use our addresses (RFC 5227 section 2.4). A probe does not count: the owner of the address
 * defends it, and the prober gives up.
 */
export class AddressConflicts {
  private readonly conflicts = new Map<string, RecordedConflict>();
  private received = 0;

  /** Records `message` if it conflicts with `ours`; returns whether that is a new problem. */
  note(
    message: NeighbourMessage,
    ours: ReadonlySet<IpAddress>,
    own: ReadonlySet<MacAddress>,
    now: number,
  ): boolean {
    const { kind, target, sender, mac } = message;
    if (own.has(mac)) return false;
    const address = kind === 'advertisement' && ours.has(target) ? target : sender;
    if (address === undefined || !ours.has(address)) return false;
    this.received++;
    const key = `${address} ${mac}`;
    const before = this.conflicts.get(key);
    if (before === undefined && this.conflicts.size >= MAX_CONFLICTS) return false;
    this.conflicts.set(key, { address, mac, count: (before?.count ?? 0) + 1, last: now });
    return before === undefined || now - before.last >= LASTS_MS;
  }

  /** How many conflicting messages arrived, including those of hosts beyond the limit. */
  get total(): number {
    return this.received;
  }

  get all(): readonly RecordedConflict[] {
    return [...this.conflicts.values()];
  }

  /** Returns the conflicts that are a problem now. */
  standing(now: number): readonly RecordedConflict[] {
    return this.all.filter(({ last }) => now - last < LASTS_MS);
  }
}
