import { explainError, ProductError } from '../net/errors.js';

/** One thing to do, and how to take it back. */
export interface Step {
  /** What an operator would call it: `attach eth0 to breth0`. */
  readonly name: string;
  /** What exactly will be done, for `--dry-run`. */
  readonly details: readonly string[];
  run(): Promise<void>;
  undo?(): Promise<void>;
}

/** What is done when all else has been, and cannot be taken back once `run` has succeeded. */
export interface LastStep extends Omit<Step, 'undo'> {
  /** Waits until it shows. */
  confirm(): Promise<void>;
}

/** Steps in order; built without doing anything, printed, then run once. */
export class Plan {
  private readonly steps: Step[] = [];
  private last: LastStep | undefined;
  private readonly notes: string[] = [];
  private done = 0;

  add(step: Step): void {
    this.steps.push(step);
  }

  end(step: LastStep): void {
    this.last = step;
  }

  /** Something the operator must know that no step does. */
  note(text: string): void {
    this.notes.push(text);
  }

  get remarks(): readonly string[] {
    return this.notes;
  }

  toString(): string {
    const all = this.last === undefined ? this.steps : [...this.steps, this.last];
    const steps = all.flatMap(({ name, details }, index) => [
      `${index + 1}. ${name}`,
      ...details.map((detail) => `     ${detail}`),
    ]);
    return [...steps, ...this.notes.map((note) => `note: ${note}`)].map((line) => `${line}\n`).join('');
  }

  /**
   * Runs all steps but the last one; when one fails, or `signal` is aborted before it, they wait for {@link takeBack}.
   * @throws ProductError `ERR_STEP_FAILED` naming the step
   */
  async run(signal: AbortSignal): Promise<void> {
    for (const [index, step] of this.steps.entries()) {
      if (signal.aborted) throw failed(index, step, `called off by ${signal.reason}`);
      this.done = index + 1;
      await step.run().catch((error: unknown) => {
        throw failed(index, step, explainError(error));
      });
    }
  }

  /**
   * Runs the last step, after which nothing can be taken back.
   * @throws ProductError `ERR_STEP_FAILED`
   */
  async finish(): Promise<void> {
    const { last } = this;
    await last?.run().catch((error: unknown) => {
      throw failed(this.steps.length, last, explainError(error));
    });
    this.done = 0;
  }

  /** @throws ProductError `ERR_NOT_CONFIRMED` when the last step is done and does not show */
  async confirm(): Promise<void> {
    const { last } = this;
    await last?.confirm().catch((error: unknown) => {
      throw new ProductError('ERR_NOT_CONFIRMED', `${last.name}: done, but ${explainError(error)}`);
    });
  }

  /** Undoes what has been done, the last step first; returns what could not be undone. */
  async takeBack(): Promise<string[]> {
    const trouble: string[] = [];
    for (const { name, undo } of this.steps.splice(0, this.done).reverse()) {
      await undo?.().catch((error: unknown) => {
        trouble.push(`${name}: ${explainError(error)}`);
      });
    }
    this.done = 0;
    return trouble;
  }
}

/**
 * Makes and runs one plan after the other, so that each sees what those before it did, then their last steps. When
 * something fails, whatever is not final is taken back, in all of them.
 * @throws ProductError `ERR_STEP_FAILED` with what failed, and what could not be taken back; `ERR_NOT_CONFIRMED`
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
    const trouble: string[] = [];
    for (const plan of plans.toReversed()) trouble.push(...(await plan.takeBack()));
    const outcome =
      trouble.length === 0 ? 'everything is as it was' : `could not undo: ${trouble.join('; ')}`;
    throw new ProductError('ERR_STEP_FAILED', `${explainError(error)}; ${outcome}`);
  }
  for (const plan of plans) await plan.confirm();
  return plans;
}

function failed(index: number, { name }: Pick<Step, 'name'>, why: string): ProductError {
  return new ProductError('ERR_STEP_FAILED', `step ${index + 1}, ${name}, failed: ${why}`);
}
