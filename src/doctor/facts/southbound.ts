import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ProductError } from '../../net/errors.js';
import { nodeOfManagementPort } from '../../ovn/names.js';
import { CA_FILES, tlsFiles } from '../../ovn/tls.js';
import { type Client, connect } from '../../ovsdb/client.js';
import { parseRemotes } from '../../ovsdb/remotes.js';
import { ovnSouthbound } from '../../ovsdb/tables/ovn_southbound.js';
import type { Southbound } from './facts.js';

/** Files for the CA of an `ssl:` connection, in order of preference; both databases may have one CA. */
const CA_NAMES = [CA_FILES.southbound, CA_FILES.northbound] as const;

/**
 * Connects to the southbound database as ovn-controller does. Never fetches a missing CA certificate, because a
 * diagnosis must not decide whom to trust.
 * @throws ProductError `ERR_NO_TLS_FILES`; whatever `connect` throws
 */
export function connectSouthbound(
  remotes: string,
  { sysconf, name }: { readonly sysconf: string; readonly name: string | undefined },
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
    // A follower of a clustered database suffices for reading.
    leaderOnly: false,
    ...(ca === undefined ? {} : { tls: tlsFiles(sysconf, ca, name) }),
  });
}

/** Reads the chassis, and the chassis of each node's management port. */
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
