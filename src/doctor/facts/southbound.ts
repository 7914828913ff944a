import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ProductError } from '../../net/errors.js';
import { nodeOfManagementPort } from '../../ovn/names.js';
import { CA_FILES, tlsFiles } from '../../ovn/tls.js';
import { type Client, connect } from '../../ovsdb/client.js';
import { parseRemotes } from '../../ovsdb/remotes.js';
import { ovnSouthbound } from '../../ovsdb/tables/ovn_southbound.js';
import type { Southbound } from './facts.js';

/** For `ssl:`, in the order in which they are looked for: there may be one CA for both databases. */
const CA_NAMES = [CA_FILES.southbound, CA_FILES.northbound] as const;

/**
 * Connects to the southbound database as `ovn-controller` does. A diagnosis makes no decision about trust, so a CA
 * that is not here yet is not fetched.
 * @throws ProductError `ERR_NO_TLS_FILES`, and what `connect` throws
 */
export function connectSouthbound(
  remotes: string,
  sysconf: string,
  timeoutMs: number,
): Promise<Client<typeof ovnSouthbound>> {
  const isSecured = parseRemotes(remotes).some(({ kind }) => kind === 'ssl');
  const ca = CA_NAMES.find((name) => existsSync(join(sysconf, name)));
  if (isSecured && ca === undefined) {
    throw new ProductError(
      'ERR_NO_TLS_FILES',
      `OVN_Southbound database at ${remotes}: neither ${CA_NAMES.join(' nor ')} is in ${sysconf}; copy the CA's certificate there`,
    );
  }
  return connect(ovnSouthbound, {
    remotes,
    timeoutMs,
    // Followers of a cluster will do: nothing is written.
    leaderOnly: false,
    ...(ca === undefined ? {} : { tls: tlsFiles(sysconf, ca) }),
  });
}

/** Who the chassis are, and which of them has each node's management port. */
export function readSouthbound(db: Pick<Client<typeof ovnSouthbound>, 'table'>): Southbound {
  const chassis = db.table('Chassis');
  return {
    chassis: [...chassis.values()].map(({ name, hostname, encaps }) => ({
      name,
      hostname,
      encapIps: encaps.flatMap((uuid) => db.table('Encap').get(uuid)?.ip ?? []),
    })),
    bindings: new Map(
      [...db.table('Port_Binding').values()]
        .filter(({ logical_port }) => nodeOfManagementPort(logical_port) !== undefined)
        .map((row) => [row.logical_port, row.chassis && chassis.get(row.chassis)?.name]),
    ),
  };
}
