import { join } from 'node:path';
import { execa } from 'execa';

/** A private key and its certificate, as PEM files. */
export interface KeyPair {
  readonly key: string;
  readonly cert: string;
}

const EC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'];

/** Makes a self-signed CA in `directory`. */
export async function makeCa(directory: string, name: string): Promise<KeyPair> {
  const pair = at(directory, name);
  await execa('openssl', [
    'req',
    '-x509',
    ...EC,
    '-keyout',
    pair.key,
    '-out',
    pair.cert,
    '-subj',
    `/CN=${name}`,
  ]);
  return pair;
}

/** Makes a certificate signed by `ca`. Without `extensions` it names no address. */
export async function signedBy(
  ca: KeyPair,
  directory: string,
  name: string,
  ...extensions: readonly string[]
): Promise<KeyPair> {
  const pair = at(directory, name);
  await execa('openssl', [
    ...['req', '-x509', ...EC, '-keyout', pair.key, '-out', pair.cert, '-subj', `/CN=${name}`],
    ...['-CA', ca.cert, '-CAkey', ca.key, '-addext', 'basicConstraints=critical,CA:FALSE'],
    ...extensions.flatMap((extension) => ['-addext', extension]),
  ]);
  return pair;
}

function at(directory: string, name: string): KeyPair {
  return { key: join(directory, `${name}-privkey.pem`), cert: join(directory, `${name}-cert.pem`) };
}
