import { nodeOfManagementPort } from '../../ovn/names.js';
import { southboundTls } from '../../ovn/southbound.js';
import { type Client, connect } from '../../ovsdb/client.js';
import { ovnSouthbound } from '../../ovsdb/tables/ovn_southbound.js';
import type { Southbound } from './facts.js';

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
  const tls = southboundTls(remotes, { sysconf, name });
  return connect(ovnSouthbound, {
    remotes,
    timeoutMs,
    // A follower of a clustered database suffices for reading.
    leaderOnly: false,
    ...(tls === undefined ? {} : { tls }),
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
