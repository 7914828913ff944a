// The OVN northbound database: the connection and its TLS files.
// Other files here cover names and keys of rows, gateways, routes, pods, and rows as they should be.
// The jobs share this room; it holds what users and tools of the northbound search by.
import { directories } from '../daemon/directories.js';
import { explainError, ProductError } from '../net/errors.js';
import { type Client, connect } from '../ovsdb/client.js';
import { parseRemotes } from '../ovsdb/remotes.js';
import { ovnNorthbound } from '../ovsdb/tables/ovn_northbound.js';
import { OVN_NB, requireSystemId } from '../switch/external_ids.js';
import { CA_FILES, tlsFiles } from './tls.js';

export type Northbound = Client<typeof ovnNorthbound>;
export type NorthboundView = Pick<Northbound, 'table' | 'find' | 'filter'>;
export type NorthboundTransaction = ReturnType<Northbound['transaction']>;

/** The northbound database of this host, by `external_ids:ovn-nb`. @throws ProductError */
export async function connectNorthbound(
  systemIds: ReadonlyMap<string, string>,
  timeoutMs: number,
): Promise<Northbound> {
  const { sysconf } = directories(process.env);
  const remotes = requireSystemId(systemIds, OVN_NB, 'tcp:CENTRAL:6641');
  try {
    parseRemotes(remotes);
  } catch (error) {
    // Nobody gave it as an option of this command.
    throw new ProductError(
      'ERR_BAD_SETTING',
      `external_ids:${OVN_NB} of the local switch: ${explainError(error)}`,
    );
  }
  return connect(ovnNorthbound, {
    remotes,
    timeoutMs,
    tls: tlsFiles(sysconf, CA_FILES.northbound),
  });
}
