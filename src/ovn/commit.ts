import { WaitTimedOut } from '../ovsdb/errors.js';
import type { Northbound, NorthboundTransaction } from './connection.js';

/** How often a transaction is computed when other clients keep changing the database. */
const TRIES = 20;
/** How long to wait for the change that made a transaction fail, in milliseconds. */
const CHANGE_MS = 250;

/**
 * Commits what `build` adds to a northbound transaction. If another client has changed the rows that the transaction
 * depends on, `build` runs again on the new rows.
 * @throws TransactionError, OutcomeUnknown, and whatever `build` throws
 */
export async function commitComputed(
  nb: Northbound,
  { comment, timeoutMs }: { readonly comment: string; readonly timeoutMs: number },
  build: (txn: NorthboundTransaction) => void,
): Promise<void> {
  for (let tries = 1; ; tries++) {
    const txn = nb.transaction(comment);
    build(txn);
    const change = nextChange(nb);
    try {
      await txn.commit({ timeoutMs });
      return;
    } catch (error) {
      if (!(error instanceof WaitTimedOut) || tries === TRIES) throw error;
      await change.promise;
    } finally {
      change.cancel();
    }
  }
}

/** Resolves at the next change of the database, and after {@link CHANGE_MS} at the latest. */
function nextChange(nb: Northbound): { promise: Promise<void>; cancel: () => void } {
  let cancel = () => {};
  const promise = new Promise<void>((resolve) => {
    const timer = setTimeout(() => cancel(), CHANGE_MS);
    const forget = nb.onChange(() => cancel());
    cancel = () => {
      clearTimeout(timer);
      forget();
      resolve();
    };
  });
  return { promise, cancel };
}
