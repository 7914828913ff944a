// The loop of a daemon, the same in each: it waits until something rings, takes a step, backs off after a failure.
// A step reads the whole state and applies what differs, so a lost event, a retry and a restart are the same case.
// The rest of this folder gives a daemon the manners of Open vSwitch's: pidfile, detach, log, control socket.
import { setImmediate as breath } from 'node:timers/promises';
import { explainError } from '../net/errors.js';
import type { Problems } from './problems.js';
import { Wakeup } from './wakeup.js';

/** What a loop does. It is handed to {@link Loop.run}, so that sources which ring the loop can be made before it. */
export interface LoopWork {
  /** Compares what should exist with what exists, and applies the difference. What it throws is retried. */
  step(): Promise<void>;
  /** Called before a step once `auditMs` milliseconds have passed: marks what the step must look at again unasked. */
  audit(): void;
}

export interface LoopOptions {
  readonly auditMs: number;
  /** Milliseconds to wait after a failed step: `first`, then doubled up to `most`; a success starts it over. */
  readonly retryMs: { readonly first: number; readonly most: number };
  readonly problems: Problems;
}

/** A timer can fire this much before its time: it counts whole milliseconds. */
const TIMER_SLACK_MS = 1;

/** Under this name the loop writes why its last step failed. */
export const LOOP = 'loop';

/** Takes a step when rung, when an audit is due, and again after a failure. */
export class Loop {
  /** How often a step was taken, and how often it failed. */
  readonly totals = { steps: 0, failures: 0 };
  private readonly wakeup = new Wakeup();
  private failed = false;
  private retryMs: number;
  private auditAt = 0;

  constructor(private readonly options: LoopOptions) {
    this.retryMs = options.retryMs.first;
  }

  /** Asks for a step. Any number of calls before the step are one. */
  ring = (): void => this.wakeup.ring();

  /** Runs `work` until `signal` is aborted; resolves after the step under way. */
  async run(work: LoopWork, signal: AbortSignal): Promise<void> {
    this.auditAt = performance.now() + this.options.auditMs;
    while (!signal.aborted) {
      const untilAudit = Math.max(0, this.auditAt - performance.now());
      await this.wakeup.wait(this.failed ? Math.min(this.retryMs, untilAudit) : untilAudit, signal);
      // Events that arrive in the same turn of the event loop share one step.
      await breath();
      if (signal.aborted) return;
      if (performance.now() >= this.auditAt - TIMER_SLACK_MS) {
        this.auditAt = performance.now() + this.options.auditMs;
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
      this.failed = false;
      this.retryMs = retryMs.first;
      problems.set(LOOP, []);
    } catch (error) {
      this.totals.failures++;
      if (this.failed) this.retryMs = Math.min(2 * this.retryMs, retryMs.most);
      this.failed = true;
      problems.set(LOOP, [explainError(error)]);
    }
  }
}
