import { Backoff as Waits } from '../daemon/backoff.js';
import { ApiError } from './errors.js';

/** Waits in milliseconds: `away` after no answer; `refused` after the first refusal. */
const DELAYS = { away: 400, refused: 800 } as const;

/**
 * The waits after failures in a row. A server that does not answer costs nothing to ask and may be back at any moment,
 * so its wait stays short. A server that answers with an error is asked less and less often. Each wait varies by 20 %,
 * so that many clients do not ask at once.
 */
export class Backoff {
  private readonly refused: Waits;
  private readonly away: Waits;

  constructor(random: () => number = Math.random) {
    this.refused = new Waits({ firstMs: DELAYS.refused, random });
    this.away = new Waits({ firstMs: DELAYS.away, mostMs: DELAYS.away, random });
  }

  /** Returns how long to wait after `error`, in milliseconds. */
  after(error: unknown): number {
    const isAnswered = error instanceof ApiError && error.isAnswered;
    if (isAnswered) return this.refused.next();
    // A server that comes back refuses at first, so the time without an answer does not lengthen the wait.
    this.refused.reset();
    return this.away.next();
  }

  /** Starts over, after a success. */
  reset(): void {
    this.refused.reset();
  }
}
