import { join } from 'node:path';
import type { TlsFiles } from '../ovsdb/stream.js';
import type { OVN_NB, OVN_REMOTE } from '../switch/external_ids.js';

/** Names of the files with each database's CA certificate, in OVS's sysconf directory. */
export const CA_FILES = { northbound: 'ovnnb-ca.cert', southbound: 'ovnsb-ca.cert' } as const;

/**
 * Returns the name that the certificate of a database's server must have: `external_ids:ovn-nb-server-name` for
 * `ovn-nb`, `ovn-remote-server-name` for `ovn-remote`.
 */
export function serverName(
  systemIds: ReadonlyMap<string, string>,
  remotes: typeof OVN_NB | typeof OVN_REMOTE,
): string | undefined {
  return systemIds.get(`${remotes}-server-name`)?.trim() || undefined;
}

/**
 * Returns the files for an `ssl:` connection to one of OVN's databases: the key pair of ovn-controller and a CA.
 * @param sysconf OVS's sysconf directory
 * @param name see {@link serverName}
 */
export function tlsFiles(sysconf: string, ca: string, name?: string): TlsFiles {
  return {
    privateKey: join(sysconf, 'ovncontroller-privkey.pem'),
    certificate: join(sysconf, 'ovncontroller-cert.pem'),
    ca: join(sysconf, ca),
    serverName: name,
  };
}
