import { setImmediate as immediate } from 'node:timers/promises';

export interface TurnsOptions {
  /** How long work goes on before the event loop gets a turn, in milliseconds. */
  readonly sliceMs?: number;
  readonly now?: () => number;
  /** Resolves after a turn of the event loop. */
  readonly turn?: () => Promise<unknown>;
  /** Ends work at its next slice. */
  readonly signal?: AbortSignal;
}

/** Half of what a peer would notice: what is between two yields comes on top. */
const SLICE_MS = 10;

/** How many steps of a microsecond or so work takes between two yields: a yield costs as much as such a step. */
export const STEPS = 64;

/** Runs long work in slices, between which the event loop has turns. Work yields wherever it may be interrupted. */
export class Turns {
  private readonly sliceMs: number;
  private readonly now: () => number;
  private readonly turn: () => Promise<unknown>;
  private readonly signal: AbortSignal | undefined;
  private began: number;

  constructor({
    sliceMs = SLICE_MS,
    now = () => performance.now(),
    turn = immediate,
    signal,
  }: TurnsOptions = {}) {
    this.sliceMs = sliceMs;
    this.now = now;
    this.turn = turn;
    this.signal = signal;
    this.began = now();
  }

  /**
   * Runs work to its end and returns its result. A slice may go on with the work of the next call.
   * @throws whatever the work throws; the reason of `signal` when it is aborted
   */
  async through<T>(work: Generator<void, T>): Promise<T> {
    for (;;) {
      this.signal?.throwIfAborted();
      const { done, value } = work.next();
      if (done === true) return value;
      if (this.now() - this.began < this.sliceMs) continue;
      await this.turn();
      this.began = this.now();
    }
  }
}
