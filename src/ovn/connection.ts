// The OVN northbound database: connection, TLS files, names and keys of rows, gateways, routes, pods, desired rows.
// gateway, watcher, overlay and cni share these words.
// Users and tools search the northbound by the names and keys that are spelled here.
import { directories } from '../daemon/directories.js';
import { explainError, ProductError } from '../net/errors.js';
import { type Client, connect } from '../ovsdb/client.js';
import { parseRemotes } from '../ovsdb/remotes.js';
import { ovnNorthbound } from '../ovsdb/tables/ovn_northbound.js';
import { OVN_NB, requireSystemId } from '../switch/external_ids.js';
import { CA_FILES, serverName, tlsFiles } from './tls.js';

export type Northbound = Client<typeof ovnNorthbound>;
export type NorthboundView = Pick<Northbound, 'table' | 'find' | 'filter'>;
export type NorthboundTransaction = ReturnType<Northbound['transaction']>;

/**
 * Connects to the northbound database that `external_ids:ovn-nb` names, at a server whose certificate has the name in
 * `external_ids:ovn-nb-server-name`, if that is set.
 * @throws ProductError `ERR_NOT_CONFIGURED` or `ERR_BAD_SETTING` for that key; whatever `connect` throws
 */
export async function connectNorthbound(
  systemIds: ReadonlyMap<string, string>,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<Northbound> {
  const { sysconf } = directories(process.env);
  const remotes = requireSystemId(systemIds, OVN_NB, 'tcp:CENTRAL:6641');
  try {
    parseRemotes(remotes);
  } catch (error) {
    // The error of parseRemotes is a usage error, but no option of the command named these remotes.
    throw new ProductError(
      'ERR_BAD_SETTING',
      `external_ids:${OVN_NB} of the local switch: ${explainError(error)}`,
    );
  }
  return connect(ovnNorthbound, {
    remotes,
    timeoutMs,
    ...(signal === undefined ? {} : { signal }),
    tls: tlsFiles(sysconf, CA_FILES.northbound, serverName(systemIds, OVN_NB)),
  });
}
