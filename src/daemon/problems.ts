import { printableLine } from '../net/printable.js';
import type { Log } from './log.js';

/**
 * The problems that a daemon has now, each one line. The code that finds a problem sets it under its own name, the
 * owner; `status` and the metrics read all of them. A problem is logged once when it appears and once when it is
 * gone, however often it is set.
 */
export class Problems {
  private readonly byOwner = new Map<string, readonly string[]>();

  constructor(private readonly log: Log) {}

  /** Replaces the problems of `owner`. An empty list means that it has no problem now. */
  set(owner: string, found: readonly string[]): void {
    const problems = found.map(printableLine);
    const before = this.byOwner.get(owner) ?? [];
    if (isSame(before, problems)) return;
    const [old, now] = [new Set(before), new Set(problems)];
    if (now.size === 0) this.byOwner.delete(owner);
    else this.byOwner.set(owner, [...now]);
    for (const problem of now) if (!old.has(problem)) this.log.warn(problem);
    for (const problem of old) if (!now.has(problem)) this.log.info(`no longer: ${problem}`);
  }

  /** Returns the problems of all owners, in the order of the owners' names. */
  get current(): readonly string[] {
    return [...this.byOwner].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, problems]) => problems);
  }
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((one, i) => one === b[i]);
}
