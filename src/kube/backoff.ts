import { ApiError } from './errors.js';

/** Waits in milliseconds: `away` after no answer; after refusals `refused`, doubled each time up to `most`. */
const DELAYS = { away: 400, refused: 800, most: 30_000 } as const;

/**
 * The waits after failures in a row. A server that does not answer costs nothing to ask and may be back at any moment,
 * so its wait stays short. A server that answers with an error is asked less and less often. Each wait varies by 20 %,
 * so that many clients do not ask at once.
 */
export class Backoff {
  private refusals = 0;

  constructor(private readonly random: () => number = Math.random) {}

  /** Returns how long to wait after `error`, in milliseconds. */
  after(error: unknown): number {
    const isAnswered = error instanceof ApiError && error.status !== 0;
    // A server that comes back refuses at first, so the time without an answer does not lengthen the wait.
    const refusals = isAnswered ? this.refusals : -1;
    this.refusals = refusals + 1;
    const wait = isAnswered ? Math.min(DELAYS.refused * 2 ** refusals, DELAYS.most) : DELAYS.away;
    return wait * (0.8 + 0.4 * this.random());
  }

  /** Starts over, after a success. */
  reset(): void {
    this.refusals = 0;
  }
}
