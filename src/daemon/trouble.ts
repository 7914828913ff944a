import type { Log } from './log.js';

/**
 * What is wrong now, said once when it starts and once when it ends: a loop that fails a hundred times a second
 * writes two lines.
 */
export class Trouble {
  private said = new Set<string>();

  constructor(private readonly log: Pick<Log, 'info' | 'warn'>) {}

  /** Takes all that is wrong now; logs what is new, and what has passed. */
  report(problems: readonly string[]): void {
    const now = new Set(problems);
    for (const problem of now) if (!this.said.has(problem)) this.log.warn(problem);
    for (const problem of this.said) if (!now.has(problem)) this.log.info(`no longer: ${problem}`);
    this.said = now;
  }

  get current(): readonly string[] {
    return [...this.said];
  }
}
