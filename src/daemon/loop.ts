// The loop that every daemon runs: it waits for a ring, takes a step, and backs off after a failure. A step compares
// the whole state and applies the difference, so a lost event, a retry and a restart are the same case.
// The other files make a daemon behave like those of Open vSwitch: pidfile, detach, log, control socket.
import { setImmediate as breath } from 'node:timers/promises';
import { explainError } from '../net/errors.js';
import type { Problems } from './problems.js';
import { Wakeup } from './wakeup.js';

/** The work of a loop. {@link Loop.run} takes it, so that the sources that ring the loop can be made in between. */
export interface LoopWork {
  /** Compares what should exist with what exists, and applies the difference. The loop retries a step that throws. */
  step(): Promise<void>;
  /** Marks everything for comparison, so that the next step also finds changes that no event announced. */
  audit(): void;
}

export interface LoopOptions {
  /** How often `audit` is called, each time followed by a step, in milliseconds. */
  readonly auditMs: number;
  /** Milliseconds to wait after a failed step: `first`, doubling up to `most`. A success resets it to `first`. */
  readonly retryMs: { readonly first: number; readonly most: number };
  readonly problems: Problems;
}

/** The owner under which the loop registers the reason why its last step failed. */
const LOOP = 'loop';

/** Takes a step after a ring, when an audit is due, and to retry a failure. */
export class Loop {
  /** The number of steps, and of those that failed. */
  readonly totals = { steps: 0, failures: 0 };
  private readonly wakeup = new Wakeup();
  private hasFailed = false;
  private retryMs: number;

  constructor(private readonly options: LoopOptions) {
    this.retryMs = options.retryMs.first;
  }

  /** Asks for a step. Any number of rings before a step cause one step. */
  ring = (): void => this.wakeup.ring();

  /** Runs `work` until `signal` is aborted, and resolves when the current step has ended. */
  async run(work: LoopWork, signal: AbortSignal): Promise<void> {
    let auditAt = performance.now() + this.options.auditMs;
    while (!signal.aborted) {
      const untilAudit = Math.max(0, auditAt - performance.now());
      const untilRetry = this.hasFailed ? this.retryMs : Number.POSITIVE_INFINITY;
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
      await this.once(work);
    }
  }

  private async once(work: LoopWork): Promise<void> {
    const { retryMs, problems } = this.options;
    this.totals.steps++;
    try {
      await work.step();
      this.hasFailed = false;
      this.retryMs = retryMs.first;
      problems.set(LOOP, []);
    } catch (error) {
      this.totals.failures++;
      if (this.hasFailed) this.retryMs = Math.min(2 * this.retryMs, retryMs.most);
      this.hasFailed = true;
      problems.set(LOOP, [explainError(error)]);
    }
  }
}
