import type { openVswitch } from '../ovsdb/tables/open_vswitch.js';
import type { Transaction } from '../ovsdb/transaction.js';
import { type LocalDatabase, rootOf } from './connection.js';

/**
 * Commits `txn` and waits until ovs-vswitchd has done what the database says (`cur_cfg`, ovs-vswitchd.conf.db(5)).
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
  await db.until(isDone, { timeoutMs, what: 'ovs-vswitchd to do what the database says; is it running?' });
}

/**
 * Waits until ovs-vswitchd has done what the database says now.
 * @throws WaitExpired
 */
export async function awaitSwitch(db: LocalDatabase, timeoutMs: number): Promise<void> {
  await commitAndWait(db, db.transaction('wait for ovs-vswitchd'), timeoutMs);
}
