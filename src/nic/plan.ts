import type { Snapshot } from '../host/snapshot.js';
import { explainError, ProductError } from '../net/errors.js';
import { printableLine } from '../net/printable.js';

/** One change, and how to undo it. */
export interface Step {
  /** What an operator would call it: `attach eth0 to breth0`. */
  readonly name: string;
  /** The exact changes, for `--dry-run`. */
  readonly details: readonly string[];
  run(): Promise<void>;
  /** Undoes `run`, also if it failed midway. */
  undo?(): Promise<void>;
}

/** The step that ends a plan. It cannot be undone once `run` has succeeded. */
export interface LastStep extends Omit<Step, 'undo'> {
  /** Waits until the effect of `run` is visible. */
  confirm(): Promise<void>;
}

/** A failed step, after which the steps before it were undone. */
export class StepFailed extends ProductError {
  constructor(
    message: string,
    /** Whether everything is as it was. */
    readonly isUndone: boolean,
  ) {
    super('ERR_STEP_FAILED', message);
  }
}

/** Steps in order. A plan is built without side effects, can be printed, and runs once. */
export class Plan {
  private readonly steps: Step[] = [];
  private last: LastStep | undefined;
  private readonly notes: string[] = [];
  private done = 0;
  /** The NIC as it is before a move that can be taken back; `undefined` if there is nothing to take back. */
  takesBack: { readonly bridge: string; readonly snapshot: Snapshot } | undefined;

  add(step: Step): void {
    this.steps.push(step);
  }

  end(step: LastStep): void {
    this.last = step;
  }

  /** Adds a note for the operator about something that no step does. */
  note(text: string): void {
    this.notes.push(text);
  }

  get remarks(): readonly string[] {
    return this.notes;
  }

  /** Formats the plan for `--dry-run`. */
  toString(): string {
    const all = this.last === undefined ? this.steps : [...this.steps, this.last];
    const steps = all.flatMap(({ name, details }, index) => [
      `${index + 1}. ${name}`,
      ...details.map((detail) => `     ${detail}`),
    ]);
    return [...steps, ...this.notes.map((note) => `note: ${note}`)]
      .map((line) => `${printableLine(line)}\n`)
      .join('');
  }

  /**
   * Runs all steps but the last. Stops at the first failure, or before the next step once `signal` is aborted. The
   * caller then calls {@link undo}.
   * @throws ProductError `ERR_STEP_FAILED` naming the step
   */
  async run(signal: AbortSignal): Promise<void> {
    for (const [index, step] of this.steps.entries()) {
      if (signal.aborted) throw failed(index, step, `cancelled by ${signal.reason}`);
      this.done = index + 1;
      await step.run().catch((error: unknown) => {
        throw failed(index, step, explainError(error));
      });
    }
  }

  /**
   * Runs the last step, after which nothing can be undone.
   * @throws ProductError `ERR_STEP_FAILED`
   */
  async finish(): Promise<void> {
    const { last } = this;
    await last?.run().catch((error: unknown) => {
      throw failed(this.steps.length, last, explainError(error));
    });
    this.done = 0;
  }

  /** Waits for the effect of the last step. @throws ProductError `ERR_NOT_CONFIRMED` if it does not show */
  async confirm(): Promise<void> {
    const { last } = this;
    await last?.confirm().catch((error: unknown) => {
      throw new ProductError('ERR_NOT_CONFIRMED', `${last.name}: done, but ${explainError(error)}`);
    });
  }

  /** Undoes the steps that ran, in reverse order; returns why some could not be undone, one line each. */
  async undo(): Promise<string[]> {
    const problems: string[] = [];
    for (const { name, undo } of this.steps.splice(0, this.done).reverse()) {
      await undo?.().catch((error: unknown) => {
        problems.push(`${name}: ${explainError(error)}`);
      });
    }
    this.done = 0;
    return problems;
  }
}

/**
 * Makes and runs one plan after another, so that each plan is made with the effects of the earlier ones in place. Then
 * runs their last steps. If anything fails, undoes every plan whose last step has not succeeded.
 * @throws ProductError `ERR_STEP_FAILED` naming what failed and what could not be undone; `ERR_NOT_CONFIRMED`
 */
export async function runAll(
  makers: readonly (() => Promise<Plan>)[],
  signal: AbortSignal,
): Promise<readonly Plan[]> {
  const plans: Plan[] = [];
  try {
    for (const make of makers) {
      const plan = await make();
      plans.push(plan);
      await plan.run(signal);
    }
    for (const plan of plans) await plan.finish();
  } catch (error) {
    const problems: string[] = [];
    for (const plan of plans.toReversed()) problems.push(...(await plan.undo()));
    const outcome =
      problems.length === 0 ? 'everything is as it was' : `could not undo: ${problems.join('; ')}`;
    throw new StepFailed(`${explainError(error)}; ${outcome}`, problems.length === 0);
  }
  for (const plan of plans) await plan.confirm();
  return plans;
}

function failed(index: number, { name }: Pick<Step, 'name'>, why: string): ProductError {
  return new ProductError('ERR_STEP_FAILED', `step ${index + 1}, ${name}, failed: ${why}`);
}
