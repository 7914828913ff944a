// The local Open_vSwitch database: connection, bridges, ports, patch pair, integration bridge, external_ids keys.
// gateway, watcher, overlay, cni and nic share these words.
// Nothing here reads or writes OVN's databases.
import { ProductError } from '../net/errors.js';
import { type Client, connect } from '../ovsdb/client.js';
import type { Uuid } from '../ovsdb/columns.js';
import type { ConnectOptions } from '../ovsdb/connect_options.js';
import { openVswitch } from '../ovsdb/tables/open_vswitch.js';

export type LocalDatabase = Client<typeof openVswitch>;
export type LocalTransaction = ReturnType<LocalDatabase['transaction']>;

/** Connects to the local Open_vSwitch database. `more` are options for a client that reads little, and soon ends. */
export function connectLocalDatabase(
  db: string,
  timeoutMs: number,
  more: Pick<ConnectOptions<typeof openVswitch>, 'conditions' | 'presumeSchema'> = {},
): Promise<LocalDatabase> {
  return connect(openVswitch, { ...more, remotes: db, timeoutMs });
}

/**
 * Returns the one row of table Open_vSwitch.
 * @throws ProductError `ERR_NO_SWITCH` if the table is empty
 */
export function rootOf(db: LocalDatabase): Uuid {
  const root = [...db.table('Open_vSwitch').keys()][0];
  if (root === undefined)
    throw new ProductError('ERR_NO_SWITCH', 'the Open_vSwitch table is empty; run ovs-vsctl init');
  return root;
}
