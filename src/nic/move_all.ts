import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type FileLock, lockFile } from '../native.js';
import { ProductError } from '../net/errors.js';
import { printableLine } from '../net/printable.js';
import { connectLocalDatabase, type LocalDatabase } from '../switch/connection.js';
import { type Plan, runAll } from './plan.js';
import type { MoveOptions } from './to_bridge.js';

export interface MoveAllOptions extends MoveOptions {
  readonly db: string;
  readonly dryRun: boolean;
}

/** A closed terminal or Ctrl-C must not leave a host half moved: these signals cancel the plan, which undoes itself. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Plans the move of each named interface or bridge before the first change, then runs the plans in order and prints
 * their notes. A dry run prints the plans instead.
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
    // The first move may change what the others must do, such as a route over both: plan those again.
    const makers = names.map((name, index) => async () => {
      const [first] = plans;
      return index === 0 && first !== undefined ? first : await planFor(db, name, options);
    });
    const done = await withCancellation((signal) => runAll(makers, signal));
    for (const { remarks } of done)
      for (const remark of remarks) process.stdout.write(`${printableLine(`note: ${remark}`)}\n`);
  } finally {
    lock?.close();
    db.close();
  }
}

/** Runs `task` with an abort signal that the first of {@link SIGNALS} aborts. The signals do not end the process meanwhile. */
async function withCancellation<T>(task: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const cancel = new AbortController();
  const abort = (signal: NodeJS.Signals) => cancel.abort(signal);
  for (const signal of SIGNALS) process.on(signal, abort);
  try {
    return await task(cancel.signal);
  } finally {
    for (const signal of SIGNALS) process.off(signal, abort);
  }
}

/** Takes the lock that allows one move at a time on a host. The kernel releases it when the process ends. */
function lockMoves(rundir: string): FileLock {
  const path = join(rundir, 'ovn-k8s-util.lock');
  try {
    mkdirSync(rundir, { recursive: true, mode: 0o755 });
    return lockFile(path);
  } catch (error) {
    throw new ProductError('ERR_BUSY', `another move is under way, or ${path} cannot be locked`, {
      cause: error,
    });
  }
}
