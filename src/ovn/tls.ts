import { join } from 'node:path';
import type { TlsFiles } from '../ovsdb/stream.js';

/** Names of the files with each database's CA certificate, in OVS's sysconf directory. */
export const CA_FILES = { northbound: 'ovnnb-ca.cert', southbound: 'ovnsb-ca.cert' } as const;

/**
 * Returns the files for an `ssl:` connection to one of OVN's databases: the key pair of ovn-controller and a CA.
 * @param sysconf OVS's sysconf directory
 */
export function tlsFiles(sysconf: string, ca: string): TlsFiles {
  return {
    privateKey: join(sysconf, 'ovncontroller-privkey.pem'),
    certificate: join(sysconf, 'ovncontroller-cert.pem'),
    ca: join(sysconf, ca),
  };
}
