/** The longest wait between two attempts, in milliseconds, as in OVS's reconnect. */
export const MOST_MS = 8_000;
/** Something that worked for this long was healthy, in milliseconds. It bounds restarts to about one a second. */
export const HEALTHY_MS = 1_000;

export interface BackoffOptions {
  /** The wait after the first failure, in milliseconds. */
  readonly firstMs: number;
  readonly mostMs?: number;
  /** Returns a number from 0 to 1. With it each wait varies by 20 %, so that many clients do not ask at once. */
  readonly random?: (() => number) | undefined;
}

/**
 * The waits between attempts at something that fails or ends: `firstMs`, doubling up to `mostMs`. Everything in the
 * product that is started again, sent again or asked again waits by this.
 */
export class Backoff {
  private failures = 0;

  constructor(private readonly options: BackoffOptions) {}

  /** The number of failures in a row. */
  get count(): number {
    return this.failures;
  }

  /**
   * Returns how long to wait before the next attempt, in milliseconds.
   * @param workedMs how long it worked before it failed; if that was at least a second, the waits start over
   */
  next(workedMs = 0): number {
    const { firstMs, mostMs = MOST_MS, random = () => 0.5 } = this.options;
    if (workedMs >= HEALTHY_MS) this.failures = 0;
    const wait = Math.min(firstMs * 2 ** this.failures, mostMs);
    this.failures++;
    return wait * (0.8 + 0.4 * random());
  }

  /** Starts over, after a success. */
  reset(): void {
    this.failures = 0;
  }
}
