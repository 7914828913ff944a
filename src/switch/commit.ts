import { directories } from '../daemon/directories.js';
import { DatabaseIoError, WaitExpired } from '../ovsdb/errors.js';
import type { openVswitch } from '../ovsdb/tables/open_vswitch.js';
import type { Transaction } from '../ovsdb/transaction.js';
import { type LocalDatabase, rootOf } from './connection.js';
import { answersOnSocket, switchWords } from './switch_words.js';

/** Milliseconds without an answer until ovs-vswitchd is asked again; each further wait is twice as long. */
const FIRST_WAIT_MS = 500;

/**
 * Commits `txn` and waits until ovs-vswitchd has applied it (`cur_cfg`, ovs-vswitchd.conf.db(5)).
 * @throws TransactionError, WaitExpired
 */
export async function commitAndWait(
  db: LocalDatabase,
  txn: Transaction<typeof openVswitch>,
  timeoutMs: number,
): Promise<void> {
  const root = rootOf(db);
  txn.increment('Open_vSwitch', root, 'next_cfg');
  await txn.commit({ timeoutMs });
  // ovsdb-server sends the update before it replies to the transaction that caused it.
  const wanted = db.table('Open_vSwitch').get(root)?.next_cfg ?? 0;
  const isDone = () => (db.table('Open_vSwitch').get(root)?.cur_cfg ?? 0) >= wanted || undefined;
  const what = 'ovs-vswitchd to apply the configuration';
  await untilSwitch(db, isDone, { timeoutMs, what });
}

/**
 * Waits until ovs-vswitchd has applied the database as it is now.
 * @throws TransactionError, WaitExpired
 */
export async function awaitSwitch(db: LocalDatabase, timeoutMs: number): Promise<void> {
  await commitAndWait(db, db.transaction('wait for ovs-vswitchd'), timeoutMs);
}

/**
 * Waits until ovs-vswitchd answers, on its control socket if it has one. A change of the database makes it go through its
 * whole configuration, and a userspace datapath forwards nothing meanwhile.
 * @throws TransactionError, WaitExpired
 */
export async function awaitAnswer(
  db: LocalDatabase,
  timeoutMs: number,
  rundir = directories(process.env).run,
): Promise<void> {
  if (!(await answersOnSocket(rundir))) await awaitSwitch(db, timeoutMs);
}

/**
 * Waits until `evaluate` finds what ovs-vswitchd writes to the database. Asks ovs-vswitchd to write again meanwhile: its
 * writes fail while the database's disk is full, and it does not repeat them until the database changes.
 * @throws WaitExpired with what Open vSwitch says, or DatabaseIoError if the database still cannot be written
 */
export async function untilSwitch<T>(
  db: LocalDatabase,
  evaluate: () => T | undefined,
  { timeoutMs, what }: { readonly timeoutMs: number; readonly what: string },
): Promise<T> {
  const end = performance.now() + timeoutMs;
  const began = new Date();
  let full: DatabaseIoError | undefined;
  for (let waitMs = FIRST_WAIT_MS; ; waitMs *= 2) {
    const leftMs = end - performance.now();
    try {
      return await db.until(evaluate, { timeoutMs: Math.min(waitMs, leftMs), what });
    } catch (error) {
      if (!(error instanceof WaitExpired)) throw error;
    }
    if (waitMs >= leftMs)
      throw full ?? new WaitExpired(`${what}: ${await switchWords(began, db)}`, timeoutMs);
    full = await change(db);
  }
}

/** Changes the database, so that ovs-vswitchd reads all of it; returns the error if the disk is full. */
async function change(db: LocalDatabase): Promise<DatabaseIoError | undefined> {
  const txn = db.transaction('ask ovs-vswitchd again');
  txn.increment('Open_vSwitch', rootOf(db), 'next_cfg');
  try {
    await txn.commit();
    return undefined;
  } catch (error) {
    if (error instanceof DatabaseIoError) return error;
    throw error;
  }
}
