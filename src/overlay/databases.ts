import { connectNorthbound, type Northbound, type NorthboundTransaction } from '../ovn/connection.js';
import { WaitTimedOut } from '../ovsdb/errors.js';
import type { LocalDatabase } from '../switch/connection.js';
import { connectLocalDatabase } from '../switch/connection.js';
import { readSystemIds } from '../switch/external_ids.js';

/** How to reach the databases, as the command line says. */
export interface DatabaseOptions {
  readonly db: string;
  readonly timeoutMs: number;
}

/** The two databases that each command writes: that of the host's switch, then OVN's northbound. */
export interface Databases {
  readonly local: LocalDatabase;
  readonly nb: Northbound;
  /** `external_ids` of the switch: where OVN is, and who this host is. */
  readonly systemIds: ReadonlyMap<string, string>;
  readonly timeoutMs: number;
}

/** How often a transaction is computed anew when somebody else was faster. */
const TRIES = 20;
/** How long to wait for the news that made one fail, in milliseconds. */
const NEWS_MS = 250;

/**
 * Opens both databases, calls `use`, and closes them.
 * @throws ProductError naming the database that does not answer, or the key that does not say where it is
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
 * Commits what `build` adds to a northbound transaction. When another command changed what it was computed from,
 * it is computed again from what there is then.
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
    const news = nextChange(nb);
    try {
      await txn.commit({ timeoutMs });
      return;
    } catch (error) {
      if (!(error instanceof WaitTimedOut) || tries === TRIES) throw error;
      await news.promise;
    } finally {
      news.cancel();
    }
  }
}

/** The next change of a database, or some time without one. */
function nextChange(nb: Northbound): { promise: Promise<void>; cancel: () => void } {
  let cancel = () => {};
  const promise = new Promise<void>((resolve) => {
    const timer = setTimeout(() => cancel(), NEWS_MS);
    const forget = nb.onChange(() => cancel());
    cancel = () => {
      clearTimeout(timer);
      forget();
      resolve();
    };
  });
  return { promise, cancel };
}
