import { readFile } from 'node:fs/promises';
import { connect as connectPlain, type Socket } from 'node:net';
import { checkServerIdentity, connect as connectTls, type PeerCertificate } from 'node:tls';
import { ProductError } from '../net/errors.js';
import { once } from '../net/socket.js';
import { bootstrapCa } from './bootstrap.js';
import type { Remote } from './remotes.js';

/** The PEM files of a key pair, and of the CA that must have signed the server's certificate. */
export interface TlsFiles {
  readonly privateKey: string;
  readonly certificate: string;
  /** Written on first use with the CA that the server sends, as with `--bootstrap-ca-cert` of OVS. */
  readonly ca: string;
  /**
   * The name that the server's certificate must have, as its common name or a DNS name. Without one, every certificate of
   * the CA passes for the server's, as in OVS: also those of other clients, if they are of the same CA.
   */
  readonly serverName?: string | undefined;
}

/**
 * Opens a connection to `remote`.
 * @throws ProductError `ERR_NO_TLS_FILES`, `ERR_UNTRUSTED_SERVER`, or the error of the socket
 */
export async function openStream(
  remote: Remote,
  tls: TlsFiles | undefined,
  signal: AbortSignal,
): Promise<Socket> {
  if (remote.kind !== 'ssl') {
    const target = remote.kind === 'unix' ? { path: remote.path } : { host: remote.host, port: remote.port };
    const socket = connectPlain(target);
    await once(socket, 'connect', signal);
    return socket;
  }
  if (tls === undefined) {
    throw new ProductError(
      'ERR_NO_TLS_FILES',
      `${remote.text} needs a private key, a certificate and a CA file`,
    );
  }
  const [key, cert] = await Promise.all([readPem(tls.privateKey), readPem(tls.certificate)]);
  const ca = await bootstrapCa(tls.ca, { host: remote.host, port: remote.port, key, cert, signal });
  const { serverName } = tls;
  // The address is not checked, so a server can move.
  const socket = connectTls({
    host: remote.host,
    port: remote.port,
    key,
    cert,
    ca,
    checkServerIdentity: (_host, certificate) =>
      serverName === undefined ? undefined : misnamed(remote, serverName, certificate),
  });
  try {
    await once(socket, 'secureConnect', signal);
  } catch (error) {
    if (error instanceof ProductError) throw error;
    throw socket.authorizationError ? distrusted(remote, tls.ca, error) : error;
  }
  return socket;
}

/** Returns the error of a certificate that has another name. */
function misnamed(remote: Remote, name: string, certificate: PeerCertificate): ProductError | undefined {
  const { subject, subjectaltname = '' } = certificate;
  if (subject.CN === name || checkServerIdentity(name, certificate) === undefined) return undefined;
  const names = [`CN:${String(subject.CN)}`, subjectaltname].filter(Boolean).join(', ');
  return new ProductError(
    'ERR_UNTRUSTED_SERVER',
    `the certificate of ${remote.text} is for ${names}, not for ${name}; give the server one with that name, or correct the name in external_ids`,
  );
}

function distrusted(remote: Remote, ca: string, cause: unknown): ProductError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new ProductError(
    'ERR_UNTRUSTED_SERVER',
    `the certificate of ${remote.text} is not signed by the CA in ${ca} (${why}); if the CA has changed, delete that file`,
  );
}

async function readPem(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new ProductError('ERR_NO_TLS_FILES', `cannot read ${path}; ovs-pki makes it`, { cause: error });
  }
}
