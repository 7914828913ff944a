import { ApiError } from './errors.js';

/** Waits before asking again, in milliseconds; those after refusals double, and start again after success. */
const DELAYS = { away: 400, refused: 800, most: 30_000 } as const;

/**
 * How long to wait after each failure in a row, in milliseconds.
 *
 * A server that refuses connections costs nothing to ask and may be back any moment; one that answers with an error
 * is asked ever less often. Each wait varies by a fifth, so that many clients do not come at once.
 */
export class Backoff {
  private refusals = 0;

  constructor(private readonly random: () => number = Math.random) {}

  /** Milliseconds to wait after `error`. */
  after(error: unknown): number {
    const isAnswered = error instanceof ApiError && error.status !== 0;
    // A server that comes back refuses at first: how long it was away does not count.
    const refusals = isAnswered ? this.refusals : -1;
    this.refusals = refusals + 1;
    const wait = isAnswered ? Math.min(DELAYS.refused * 2 ** refusals, DELAYS.most) : DELAYS.away;
    return wait * (0.8 + 0.4 * this.random());
  }

  reset(): void {
    this.refusals = 0;
  }
}
