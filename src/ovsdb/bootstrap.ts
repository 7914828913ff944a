import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect, type DetailedPeerCertificate } from 'node:tls';
import { writeWhole } from '../daemon/whole_file.js';
import { ProductError } from '../net/errors.js';
import { once } from '../net/socket.js';

interface Server {
  readonly host: string;
  readonly port: number;
  readonly key: Buffer;
  readonly cert: Buffer;
  readonly signal: AbortSignal;
}

/**
 * Returns the CA in the file at `path`. If there is no such file, or an empty one, it first writes the CA that `server`
 * presents to it.
 *
 * This is trust on first use, as with `--bootstrap-ca-cert` of ovs-vsctl(8): the CA of the first server that answers is
 * trusted from then on.
 * @throws ProductError `ERR_NO_CA` if the server does not send the self-signed certificate of its CA,
 *   `ERR_NO_TLS_FILES`
 */
export async function bootstrapCa(path: string, server: Server): Promise<Buffer> {
  const known = readCa(path);
  if (known !== undefined && known.length > 0) return known;
  const pem = await presentedCa(server);
  try {
    // Another process may have stored the CA meanwhile. An empty file is from an earlier version and a full disk.
    writeWhole(path, pem, { keep: known === undefined });
  } catch (error) {
    throw new ProductError('ERR_NO_TLS_FILES', `cannot write ${path}`, { cause: error });
  }
  const stored = readCa(path);
  if (stored !== undefined) return stored;
  throw new ProductError(
    'ERR_NO_TLS_FILES',
    `${path} is a link to a file that does not exist; delete it, or make that file`,
  );
}

/** @returns `undefined` if there is no such file */
function readCa(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new ProductError('ERR_NO_TLS_FILES', `cannot read ${path}`, { cause: error });
  }
}

async function presentedCa({ host, port, key, cert, signal }: Server): Promise<string> {
  const socket = connect({ host, port, key, cert, rejectUnauthorized: false });
  try {
    await once(socket, 'secureConnect', signal);
    const root = rootOf(socket.getPeerCertificate(true));
    const certificate = root && new X509Certificate(root.raw);
    if (certificate === undefined || !certificate.ca) {
      throw new ProductError(
        'ERR_NO_CA',
        `${host}:${port} does not send its CA's certificate; copy the CA file here by hand`,
      );
    }
    return certificate.toString();
  } finally {
    socket.destroy();
  }
}

/** Returns the self-signed certificate at the end of a chain, if the peer sent it; Node links it to itself. */
function rootOf(leaf: DetailedPeerCertificate): DetailedPeerCertificate | undefined {
  let certificate: DetailedPeerCertificate | undefined = leaf;
  for (let depth = 0; depth < 10 && certificate?.raw !== undefined; depth++) {
    if (certificate.issuerCertificate?.fingerprint256 === certificate.fingerprint256) return certificate;
    certificate = certificate.issuerCertificate;
  }
  return undefined;
}
