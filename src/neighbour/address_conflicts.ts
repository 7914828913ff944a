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

/** An address of ours that other hosts claim now. */
export interface ClaimedAddress {
  readonly address: IpAddress;
  /** The MACs of those hosts, in order of their first message. */
  readonly macs: readonly MacAddress[];
  /** Whether there are more MACs than {@link macs} names: a host that changes its own invents them. */
  readonly isMany: boolean;
}

/** A conflict is a problem for this long after its last message, in milliseconds. */
const LASTS_MS = 300_000;
/** How many MACs are recorded for an address, and how many of them are named. A host can invent any number. */
const MAX_MACS = 8;
const MAX_NAMED = 4;
/** How many addresses are recorded. A gateway can serve thousands. */
const MAX_ADDRESSES = 256;

/**
 * Records which other hosts use our addresses (RFC 5227 section 2.4). A probe does not count: the owner of the address
 * defends it, and the prober gives up.
 *
 * The memory is bounded whatever arrives: a new address or MAC takes the place of the one that was silent for longest.
 * A flood can therefore hide which MACs claim an address, but not that it is claimed, and only as long as it lasts.
 */
export class AddressConflicts {
  /** In order of the last message about an address, the oldest first. */
  private readonly byAddress = new Map<IpAddress, Map<MacAddress, RecordedConflict>>();
  private received = 0;

  /** Records `message` if it conflicts with `ours`; returns whether {@link standing} has become another. */
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
    const claims = this.byAddress.get(address) ?? new Map<MacAddress, RecordedConflict>();
    const before = claims.get(mac);
    const isNews = !isStanding(before, now) && standingOf(claims, now).length <= MAX_NAMED;
    if (before === undefined) makeRoom(claims, MAX_MACS, ({ last }) => last);
    claims.set(mac, { address, mac, count: (before?.count ?? 0) + 1, last: now });
    if (!this.byAddress.delete(address)) makeRoom(this.byAddress, MAX_ADDRESSES, () => 0);
    this.byAddress.set(address, claims);
    return isNews;
  }

  /** How many conflicting messages arrived, including those that are not recorded any more. */
  get total(): number {
    return this.received;
  }

  get all(): readonly RecordedConflict[] {
    return [...this.byAddress.values()].flatMap((claims) => [...claims.values()]);
  }

  /** Returns the addresses that other hosts claim now, in order of the addresses. */
  standing(now: number): readonly ClaimedAddress[] {
    return [...this.byAddress]
      .map(([address, claims]) => {
        const macs = standingOf(claims, now).map(({ mac }) => mac);
        return { address, macs: macs.slice(0, MAX_NAMED), isMany: macs.length > MAX_NAMED };
      })
      .filter(({ macs }) => macs.length > 0)
      .toSorted((a, b) => (a.address < b.address ? -1 : 1));
  }
}

function isStanding(conflict: RecordedConflict | undefined, now: number): boolean {
  return conflict !== undefined && now - conflict.last < LASTS_MS;
}

function standingOf(claims: ReadonlyMap<MacAddress, RecordedConflict>, now: number): RecordedConflict[] {
  return [...claims.values()].filter((one) => isStanding(one, now));
}

/** Deletes the entry with the smallest `age`, the first of several, if `entries` has `most` of them. */
function makeRoom<K, V>(entries: Map<K, V>, most: number, age: (value: V) => number): void {
  if (entries.size < most) return;
  const [oldest] = [...entries].reduce((one, other) => (age(other[1]) < age(one[1]) ? other : one));
  entries.delete(oldest);
}
