import { Backoff } from '../daemon/backoff.js';

/** The wait after the first repair, doubled after each further one. */
const FIRST_MS = 100;
/** The longest wait for flows of the host's own traffic, without which nobody can log in and stop the other program. */
const HOST_MS = 200;
/** The least time between two reads for events about flows that turn out not to be ours, in milliseconds. */
const NEWS_MS = 100;
/** Flows that nobody changes for so long after a repair are left alone, in milliseconds. */
export const QUIET_MS = 10_000;
/** From so many repairs in a row on they are a problem. */
const MANY = 4;

/**
 * How soon flows are repaired that another program changes again and again. The first repair is immediate; each
 * further one waits twice as long as the one before. Times are milliseconds of any clock that only runs forward.
 */
export class RepairPace {
  private readonly backoff = new Backoff({ firstMs: FIRST_MS });
  private waitMs = 0;
  private began = 0;
  private lastRepair = Number.NEGATIVE_INFINITY;
  private lastLook = Number.NEGATIVE_INFINITY;
  private lastUndone = Number.NEGATIVE_INFINITY;
  /** When the last event asked for a read; in the future if that read is still to come. */
  private nextRead = Number.NEGATIVE_INFINITY;
  /** The repairs and seconds that the problem names. It names new ones after twice as many repairs. */
  private named: { readonly repairs: number; readonly seconds: number } | undefined;

  /** Returns how long to wait until the flows should be read again, if another program has just changed some flow. */
  lookIn(now: number): number {
    if (now - this.lastUndone < QUIET_MS)
      return Math.max(0, this.lastLook + Math.min(this.waitMs, HOST_MS) - now);
    if (this.nextRead <= now) this.nextRead = Math.max(now, this.nextRead + NEWS_MS);
    return this.nextRead - now;
  }

  /**
   * Records that the flows were read, and whether they had been changed; returns how long to wait until their repair.
   * @param isHost whether flows of the host's own traffic are among the changed ones
   */
  look(now: number, isUndone: boolean, isHost: boolean): number {
    this.lastLook = now;
    if (!isUndone) return 0;
    if (now - Math.max(this.lastUndone, this.lastRepair) >= QUIET_MS) this.reset();
    this.lastUndone = now;
    const wait = isHost ? Math.min(this.waitMs, HOST_MS) : this.waitMs;
    return Math.max(0, this.lastRepair + wait - now);
  }

  /** Records that the flows were repaired. */
  repaired(now: number): void {
    if (this.backoff.count === 0) this.began = now;
    this.waitMs = this.backoff.next();
    this.lastRepair = now;
    const repairs = this.backoff.count;
    if (repairs >= MANY && repairs >= 2 * (this.named?.repairs ?? 0))
      this.named = { repairs, seconds: Math.max(1, Math.round((now - this.began) / 1000)) };
  }

  /** Forgets the repairs so far: the next one is immediate. */
  reset(): void {
    this.backoff.reset();
    this.waitMs = 0;
    this.named = undefined;
  }

  /** Returns the problem of a bridge whose flows another program keeps changing. */
  problem(bridge: string, now: number): string | undefined {
    if (this.named === undefined || now - Math.max(this.lastUndone, this.lastRepair) >= QUIET_MS)
      return undefined;
    const { repairs, seconds } = this.named;
    return `the flows of ${bridge} were changed by someone else ${repairs} times in ${seconds} s; stop the other program, see ovs-vsctl get-controller ${bridge}`;
  }
}
