import { commitComputed } from '../ovn/commit.js';
import { connectNorthbound, type Northbound, type NorthboundTransaction } from '../ovn/connection.js';
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

/** Commits what `build` adds to a northbound transaction, as {@link commitComputed} does. */
export async function commitNorthbound(
  { nb, timeoutMs }: Databases,
  comment: string,
  build: (txn: NorthboundTransaction) => void,
): Promise<void> {
  await commitComputed(nb, { comment: `ovn-k8s-overlay: ${comment}`, timeoutMs }, build);
}
