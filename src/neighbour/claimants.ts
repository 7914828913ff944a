import type { IpAddress } from '../net/ip.js';
import type { MacAddress } from '../net/mac.js';
import type { NeighbourMessage } from './message.js';

/** Another host says that it has one of our addresses. */
export interface Claim {
  readonly address: IpAddress;
  readonly mac: MacAddress;
  /** How often it was heard. */
  readonly count: number;
  /** When it was heard last, in milliseconds since 1970. */
  readonly last: number;
}

/** A claim is a problem for so long after it was heard last, in milliseconds. */
const STANDS_MS = 300_000;
/** Who makes MACs up by the thousand fills no more than this. */
const MOST = 64;

/** Who was heard to have which of our addresses (RFC 5227 section 2.4). Probes are none: who probes is told no. */
export class Claimants {
  private readonly claims = new Map<string, Claim>();
  private heard = 0;

  /** @returns whether it makes a problem that was none before */
  note(
    message: NeighbourMessage,
    ours: ReadonlySet<IpAddress>,
    own: ReadonlySet<MacAddress>,
    now: number,
  ): boolean {
    const { kind, target, sender, mac } = message;
    if (own.has(mac)) return false;
    const address = kind === 'tell' && ours.has(target) ? target : sender;
    if (address === undefined || !ours.has(address)) return false;
    this.heard++;
    const key = `${address} ${mac}`;
    const before = this.claims.get(key);
    if (before === undefined && this.claims.size >= MOST) return false;
    this.claims.set(key, { address, mac, count: (before?.count ?? 0) + 1, last: now });
    return before === undefined || now - before.last >= STANDS_MS;
  }

  /** How many claims were heard, those of hosts that found no room here too. */
  get total(): number {
    return this.heard;
  }

  get all(): readonly Claim[] {
    return [...this.claims.values()];
  }

  /** Those that stand. */
  standing(now: number): readonly Claim[] {
    return this.all.filter(({ last }) => now - last < STANDS_MS);
  }
}
