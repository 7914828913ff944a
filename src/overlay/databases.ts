import { connectNorthbound, type Northbound, type NorthboundTransaction } from '../ovn/connection.js';
import { WaitTimedOut } from '../ovsdb/errors.js';
import type { LocalDatabase } from '../switch/connection.js';
import { connectLocalDatabase } from '../switch/connection.js';
import { readSystemIds } from '../switch/external_ids.js';

/** How to reach the databases, from the command line. */
export interface DatabaseOptions {
  readonly db: string;
  readonly timeoutMs: number;
}

/** The two databases that each command writes: the local Open_vSwitch first, OVN's northbound last. */
export interface Databases {
  readonly local: LocalDatabase;
  readonly nb: Northbound;
  /** `external_ids` of the Open_vSwitch row: where OVN is, and this host's `system-id`. */
  readonly systemIds: ReadonlyMap<string, string>;
  readonly timeoutMs: number;
}

/** How often a transaction is computed when other clients keep changing the database. */
const TRIES = 20;
/** How long to wait for the change that made a transaction fail, in milliseconds. */
const CHANGE_MS = 250;

/**
 * Connects to both databases, calls `use`, and closes the connections.
 * @throws ProductError naming the database that does not answer, or the key of `external_ids` that is missing
 */
export async function withDatabases<T>(
  { db, timeoutMs }: DatabaseOptions,
  use: (databases: Databases) => Promise<T>,
): Promise<T> {
  const local = await connectLocalDatabase(db, timeoutMs);
  try {
    const systemIds = readSystemIds(local);
    const nb = await connectNorthbound(systemIds, timeoutMs);
    try {
      return await use({ local, nb, systemIds, timeoutMs });
    } finally {
      nb.close();
    }
  } finally {
    local.close();
  }
}

/**
 * Commits what `build` adds to a northbound transaction. If another client has changed the rows that the transaction
 * depends on, `build` runs again on the new rows.
 * @throws TransactionError, OutcomeUnknown, and whatever `build` throws
 */
export async function commitNorthbound(
  { nb, timeoutMs }: Databases,
  comment: string,
  build: (txn: NorthboundTransaction) => void,
): Promise<void> {
  for (let tries = 1; ; tries++) {
    const txn = nb.transaction(`ovn-k8s-overlay: ${comment}`);
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
