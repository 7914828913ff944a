import { readFile } from 'node:fs/promises';
import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
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
  // As in OVS, the signature of the CA is enough. The host name is not checked, so a server can change its address.
  const socket = connectTls({
    host: remote.host,
    port: remote.port,
    key,
    cert,
    ca,
    checkServerIdentity: () => undefined,
  });
  try {
    await once(socket, 'secureConnect', signal);
  } catch (error) {
    throw socket.authorizationError ? distrusted(remote, tls.ca, error) : error;
  }
  return socket;
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
