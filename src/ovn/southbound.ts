import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ProductError } from '../net/errors.js';
import type { RowOf } from '../ovsdb/columns.js';
import { parseRemotes } from '../ovsdb/remotes.js';
import type { TlsFiles } from '../ovsdb/stream.js';
import type { openVswitch } from '../ovsdb/tables/open_vswitch.js';
import { CA_FILES, tlsFiles } from './tls.js';

/** Files for the CA of an `ssl:` connection, in order of preference; both databases may have one CA. */
const CA_NAMES = [CA_FILES.southbound, CA_FILES.northbound] as const;

export type SslRow = Pick<
  RowOf<typeof openVswitch, 'SSL'>,
  'private_key' | 'certificate' | 'ca_cert' | 'bootstrap_ca_cert'
>;

/**
 * Returns the files for an `ssl:` connection to the southbound database: those that ovn-controller reads from the local
 * SSL row, else those of OVS's sysconf directory. Never decides whom to trust: a CA must be there, unless the SSL row
 * says that the first one is to be trusted.
 * @param name the name that the server's certificate must have
 * @returns `undefined` if no remote is `ssl:`
 * @throws ProductError `ERR_NO_TLS_FILES`; UsageError for remotes that cannot be parsed
 */
export function southboundTls(
  remotes: string,
  {
    sysconf,
    name,
    row,
  }: { readonly sysconf: string; readonly name: string | undefined; readonly row?: SslRow | undefined },
): TlsFiles | undefined {
  if (!parseRemotes(remotes).some(({ kind }) => kind === 'ssl')) return undefined;
  if (row !== undefined) {
    if (!row.bootstrap_ca_cert && !existsSync(row.ca_cert))
      throw noCa(remotes, `${row.ca_cert} does not exist`);
    return { privateKey: row.private_key, certificate: row.certificate, ca: row.ca_cert, serverName: name };
  }
  const ca = CA_NAMES.find((name) => existsSync(join(sysconf, name)));
  if (ca === undefined) throw noCa(remotes, `neither ${CA_NAMES.join(' nor ')} is in ${sysconf}`);
  return tlsFiles(sysconf, ca, name);
}

function noCa(remotes: string, why: string): ProductError {
  return new ProductError(
    'ERR_NO_TLS_FILES',
    `OVN_Southbound database at ${remotes}: ${why}; copy the CA's certificate there`,
  );
}
