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

/** Steps in order; built without doing anything, printed, then run once. */
export class Plan {
  private readonly steps: Step[] = [];
  private readonly notes: string[] = [];

  add(step: Step): void {
    this.steps.push(step);
  }

  /** Something the operator must know that no step does. */
  note(text: string): void {
    this.notes.push(text);
  }

  get remarks(): readonly string[] {
    return this.notes;
  }

  toString(): string {
    const steps = this.steps.flatMap(({ name, details }, index) => [
      `${index + 1}. ${name}`,
      ...details.map((detail) => `     ${detail}`),
    ]);
    return [...steps, ...this.notes.map((note) => `note: ${note}`)].map((line) => `${line}\n`).join('');
  }

  /**
   * Runs the steps; when one fails, it and those before it are taken back, the last first.
   * @throws ProductError `ERR_STEP_FAILED` naming the step, and what could not be taken back
   */
  async run(): Promise<void> {
    for (const [index, step] of this.steps.entries()) {
      try {
        await step.run();
      } catch (error) {
        const trouble = await this.takeBack(index);
        const outcome =
          trouble.length === 0 ? 'everything is as it was' : `could not undo: ${trouble.join('; ')}`;
        throw new ProductError(
          'ERR_STEP_FAILED',
          `step ${index + 1}, ${step.name}, failed: ${explainError(error)}; ${outcome}`,
          {
            cause: undefined,
          },
        );
      }
    }
  }

  private async takeBack(from: number): Promise<string[]> {
    const trouble: string[] = [];
    for (const step of this.steps.slice(0, from + 1).reverse()) {
      try {
        await step.undo?.();
      } catch (error) {
        trouble.push(`${step.name}: ${explainError(error)}`);
      }
    }
    return trouble;
  }
}
