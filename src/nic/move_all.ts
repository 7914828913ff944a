import { Confirmation } from '../confirm/confirmation.js';
import { lockMoves } from '../confirm/move_lock.js';
import {
  type FormerNic,
  refuseUnconfirmed,
  type Unconfirmed,
  UnconfirmedStore,
} from '../confirm/unconfirmed.js';
import { withCancellation } from '../daemon/cancellation.js';
import { bootTime } from '../host/boot_time.js';
import { printableLine } from '../net/printable.js';
import { connectLocalDatabase, type LocalDatabase } from '../switch/connection.js';
import { type Plan, runAll, StepFailed } from './plan.js';
import type { MoveOptions } from './to_bridge.js';

export interface MoveAllOptions extends MoveOptions {
  readonly db: string;
  readonly dryRun: boolean;
  /** The time in which the move must be confirmed, in milliseconds; `undefined` if it need not be. */
  readonly confirmMs: number | undefined;
  /** Whether the move takes back one that is not confirmed. */
  readonly settles?: (one: Unconfirmed) => boolean;
}

/**
 * Plans the move of each named interface or bridge before the first change, then runs the plans in order and prints
 * their notes. A dry run prints the plans instead.
 */
export async function moveAll(
  names: readonly string[],
  planFor: (db: LocalDatabase, name: string, options: MoveOptions) => Promise<Plan>,
  options: MoveAllOptions,
): Promise<void> {
  const lock = options.dryRun ? undefined : lockMoves(options.rundir);
  try {
    const db = await connectLocalDatabase(options.db, options.timeoutMs);
    try {
      await moveEach(db, names, planFor, options);
    } finally {
      db.close();
    }
  } finally {
    lock?.close();
  }
}

async function moveEach(
  db: LocalDatabase,
  names: readonly string[],
  planFor: (db: LocalDatabase, name: string, options: MoveOptions) => Promise<Plan>,
  options: MoveAllOptions,
): Promise<void> {
  const store = new UnconfirmedStore(options.place.stateDir);
  if (!options.dryRun) refuseUnconfirmed(store, bootTime(), options.settles);
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
  const confirmation = await beginConfirmation(store, plans, options);
  const done = await withCancellation((signal) => runAll(makers, signal)).catch((error: unknown) => {
    if (error instanceof StepFailed && error.isUndone) confirmation?.undone();
    throw error;
  });
  if (options.settles !== undefined && store.read() !== undefined) store.remove();
  const notes = done.flatMap(({ remarks }) => remarks);
  if (options.confirmMs !== undefined)
    notes.push(confirmation?.succeeded() ?? 'there is nothing to confirm: each NIC is on its bridge already');
  for (const note of notes) process.stdout.write(`${printableLine(`note: ${note}`)}\n`);
}

/** Lets the moves of `plans` be taken back, but for a NIC that is on its bridge already. */
async function beginConfirmation(
  store: UnconfirmedStore,
  plans: readonly Plan[],
  { confirmMs, db, timeoutMs, restartDhcp }: MoveAllOptions,
): Promise<Confirmation | undefined> {
  const nics = plans.flatMap(({ takesBack }): FormerNic[] => (takesBack === undefined ? [] : [takesBack]));
  if (confirmMs === undefined || nics.length === 0) return undefined;
  return Confirmation.begin(store, confirmMs, {
    command: `nics-to-bridge ${nics.map(({ snapshot }) => snapshot.device).join(' ')}`,
    inverse: [
      ...['bridge-to-nics', '--take-back', `--db=${db}`, `--timeout=${timeoutMs / 1_000}`],
      ...(restartDhcp ? ['--restart-dhcp'] : []),
      ...nics.map(({ bridge }) => bridge),
    ],
    nics,
  });
}
