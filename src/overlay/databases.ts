import { join } from 'node:path';
import { directories } from '../daemon/directories.js';
import { readSystemIds } from '../gateway/bridge_source.js';
import { explainError, ProductError } from '../net/errors.js';
import { connectSwitch, type Switch } from '../nic/bridge_rows.js';
import { connect } from '../ovsdb/client.js';
import { WaitTimedOut } from '../ovsdb/errors.js';
import { parseRemotes } from '../ovsdb/remotes.js';
import { ovnNorthbound } from '../ovsdb/tables/ovn_northbound.js';
import type { Northbound, NorthboundTransaction } from './rows.js';

/** How to reach the databases, as the command line says. */
export interface DatabaseOptions {
  readonly db: string;
  readonly timeoutMs: number;
}

/** The two databases that each command writes: that of the host's switch, then OVN's northbound. */
export interface Databases {
  readonly local: Switch;
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
  const local = await connectSwitch(db, timeoutMs);
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

/** The value of a key of the switch's `external_ids`. @throws ProductError naming the command that sets it */
export function requireSystemId(
  systemIds: ReadonlyMap<string, string>,
  key: string,
  example: string,
): string {
  const value = systemIds.get(key);
  if (value === undefined || value === '') {
    throw new ProductError(
      'ERR_NOT_CONFIGURED',
      `external_ids:${key} is not set; run ovs-vsctl set Open_vSwitch . external_ids:${key}=${example}`,
    );
  }
  return value;
}

/** The northbound database of this host, by `external_ids:ovn-nb`. @throws ProductError */
export async function connectNorthbound(
  systemIds: ReadonlyMap<string, string>,
  timeoutMs: number,
): Promise<Northbound> {
  const { sysconf } = directories(process.env);
  const remotes = requireSystemId(systemIds, 'ovn-nb', 'tcp:CENTRAL:6641');
  try {
    parseRemotes(remotes);
  } catch (error) {
    // Nobody gave it as an option of this command.
    throw new ProductError(
      'ERR_BAD_SETTING',
      `external_ids:ovn-nb of the local switch: ${explainError(error)}`,
    );
  }
  return connect(ovnNorthbound, {
    remotes,
    timeoutMs,
    tls: {
      privateKey: join(sysconf, 'ovncontroller-privkey.pem'),
      certificate: join(sysconf, 'ovncontroller-cert.pem'),
      ca: join(sysconf, 'ovnnb-ca.cert'),
    },
  });
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
