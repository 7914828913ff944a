import { Backoff, HEALTHY_MS } from '../daemon/backoff.js';
import { isAway } from '../net/socket.js';
import type { Remote } from './remotes.js';

/** Milliseconds before the second attempt, doubled after each failure, as in OVS's reconnect. */
const FIRST_MS = 100;
/** The longest wait while nothing listens: an attempt costs nobody anything, and the server may be back at any moment. */
const AWAY_MS = { unix: 100, tcp: 1_000, ssl: 1_000 } as const;

/** What became of one attempt: for how long the session had the tables, or why there was none. */
export type Attempt = { readonly servedMs: number } | { readonly failure: unknown };

/**
 * How long a client waits before its next attempt. It tries the remotes of its list one after another, and waits after
 * the last one.
 */
export class Reconnect {
  private readonly refused: Backoff;
  private readonly away: Backoff;
  private attempts = 0;
  private isAllAway = true;

  constructor(
    private readonly remotes: readonly Remote[],
    random: () => number = Math.random,
  ) {
    const mostMs = Math.max(...remotes.map(({ kind }) => AWAY_MS[kind]));
    this.refused = new Backoff({ firstMs: FIRST_MS, random });
    this.away = new Backoff({ firstMs: FIRST_MS, mostMs, random });
  }

  /** The remote to try next. */
  get remote(): Remote | undefined {
    return this.remotes[this.attempts % this.remotes.length];
  }

  /** Records an attempt; returns how long to wait before the next one, in milliseconds. */
  after(attempt: Attempt): number {
    this.attempts++;
    this.isAllAway &&= 'failure' in attempt && isAway(attempt.failure);
    if ('servedMs' in attempt && attempt.servedMs >= HEALTHY_MS) this.refused.reset();
    if (this.attempts % this.remotes.length !== 0) return 0;
    const { isAllAway } = this;
    this.isAllAway = true;
    if (!isAllAway) {
      this.away.reset();
      return this.refused.next();
    }
    // Servers that ended and come back are not servers that refuse.
    this.refused.reset();
    return this.away.next();
  }
}
