import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type FileLock, lockFile } from '../native.js';
import { ProductError } from '../net/errors.js';
import { connectLocalDatabase, type LocalDatabase } from '../switch/connection.js';
import { type Plan, runAll } from './plan.js';
import type { MoveOptions } from './to_bridge.js';

export interface MoveAllOptions extends MoveOptions {
  readonly db: string;
  readonly dryRun: boolean;
}

/** A terminal that goes, or an operator who thinks better of it, must not leave a host half moved. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Plans the move of each named interface or bridge before the first one is touched, then runs them in order, and
 * prints what the operator must know. A dry run prints the plans instead.
 */
export async function moveAll(
  names: readonly string[],
  planFor: (db: LocalDatabase, name: string, options: MoveOptions) => Promise<Plan>,
  options: MoveAllOptions,
): Promise<void> {
  const db = await connectLocalDatabase(options.db, options.timeoutMs);
  const lock = options.dryRun ? undefined : lockMoves(options.rundir);
  try {
    const plans: Plan[] = [];
    for (const name of names) plans.push(await planFor(db, name, options));
    if (options.dryRun) {
      for (const plan of plans) process.stdout.write(String(plan));
      return;
    }
    // What the first one moves may be in the plans of the others: a route over both.
    const makers = names.map((name, index) => async () => {
      const [first] = plans;
      return index === 0 && first !== undefined ? first : await planFor(db, name, options);
    });
    const done = await untilCalledOff((signal) => runAll(makers, signal));
    for (const { remarks } of done) for (const remark of remarks) process.stdout.write(`note: ${remark}\n`);
  } finally {
    lock?.close();
    db.close();
  }
}

/** Runs `task` with a signal that the first of {@link SIGNALS} aborts, and which keeps them from ending the process. */
async function untilCalledOff<T>(task: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const callOff = new AbortController();
  const abort = (signal: NodeJS.Signals) => callOff.abort(signal);
  for (const signal of SIGNALS) process.on(signal, abort);
  try {
    return await task(callOff.signal);
  } finally {
    for (const signal of SIGNALS) process.off(signal, abort);
  }
}

/** One move at a time on a host; the lock goes with the process. */
function lockMoves(rundir: string): FileLock {
  const path = join(rundir, 'ovn-k8s-util.lock');
  try {
    mkdirSync(rundir, { recursive: true });
    return lockFile(path);
  } catch (error) {
    throw new ProductError('ERR_BUSY', `another move is under way, or ${path} cannot be locked`, {
      cause: error,
    });
  }
}
