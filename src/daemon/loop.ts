// The loop that every daemon runs: it waits for a ring, takes a step, and backs off after a failure. A step compares
// the whole state and applies the difference, so a lost event, a retry and a restart are the same case.
// The other files make a daemon behave like those of Open vSwitch: pidfile, detach, log, control socket.
import { setImmediate as breath } from 'node:timers/promises';
import { explainError } from '../net/errors.js';
import { Backoff, type BackoffOptions } from './backoff.js';
import type { Problems } from './problems.js';
import { sleep } from './sleep.js';
import { Wakeup } from './wakeup.js';

/** The work of a loop. {@link Loop.run} takes it, so that the sources that ring the loop can be made in between. */
export interface LoopWork {
  /**
   * Compares what should exist with what exists, and applies the difference. The loop retries a step that throws. A long
   * step may throw once `signal` is aborted.
   */
  step(signal?: AbortSignal): Promise<void>;
  /** Marks everything for comparison, so that the next step also finds changes that no event announced. */
  audit(): void;
}

export interface LoopOptions {
  /** How often `audit` is called, each time followed by a step, in milliseconds. */
  readonly auditMs: number;
  /** How long to wait after a failed step. A success starts the waits over. */
  readonly retry: BackoffOptions;
  readonly problems: Problems;
}

/** A ring shortens the wait after a failure to this, in milliseconds: what rings may be what fails. */
const RUNG_MS = 100;
/** The owner under which the loop registers the reason why its last step failed. */
const LOOP = 'loop';

/** Takes a step after a ring, when an audit is due, and to retry a failure. */
export class Loop {
  /** The number of steps, and of those that failed. */
  readonly totals = { steps: 0, failures: 0 };
  private readonly wakeup = new Wakeup();
  private readonly backoff: Backoff;
  /** How long to wait before the failed step is repeated, in milliseconds; `undefined` after a success. */
  private retryMs: number | undefined;
  /** When the current step began; `undefined` between two steps. */
  private stepSince: number | undefined;

  constructor(private readonly options: LoopOptions) {
    this.backoff = new Backoff(options.retry);
  }

  /** Asks for a step. Any number of rings before a step cause one step. */
  ring = (): void => this.wakeup.ring();

  /** How long the current step has taken so far, in milliseconds; 0 between two steps. */
  get stepMs(): number {
    return this.stepSince === undefined ? 0 : performance.now() - this.stepSince;
  }

  /** Runs `work` until `signal` is aborted, and resolves when the current step has ended. */
  async run(work: LoopWork, signal: AbortSignal): Promise<void> {
    let auditAt = performance.now() + this.options.auditMs;
    while (!signal.aborted) {
      let untilRetry = this.retryMs ?? Number.POSITIVE_INFINITY;
      if (this.retryMs !== undefined) {
        const least = Math.min(this.retryMs, RUNG_MS);
        await sleep(least, signal);
        untilRetry -= least;
      }
      const untilAudit = Math.max(0, auditAt - performance.now());
      const hasRung = await this.wakeup.wait(Math.min(untilAudit, untilRetry), signal);
      // Events that arrive in the same turn of the event loop share one step.
      await breath();
      this.wakeup.forget();
      if (signal.aborted) return;
      // A timer can fire some milliseconds early, so its end counts too, not only the clock.
      const isAuditDue = performance.now() >= auditAt || (!hasRung && untilAudit <= untilRetry);
      if (isAuditDue) {
        auditAt = performance.now() + this.options.auditMs;
        work.audit();
      }
      await this.once(work, signal);
    }
  }

  private async once(work: LoopWork, signal: AbortSignal): Promise<void> {
    const { problems } = this.options;
    this.totals.steps++;
    this.stepSince = performance.now();
    try {
      await work.step(signal);
      this.backoff.reset();
      this.retryMs = undefined;
      problems.set(LOOP, []);
    } catch (error) {
      if (signal.aborted && error === signal.reason) return;
      this.totals.failures++;
      this.retryMs = this.backoff.next();
      problems.set(LOOP, [explainError(error)]);
    } finally {
      this.stepSince = undefined;
    }
  }
}
