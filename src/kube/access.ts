import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { RequestOptions } from 'node:https';
import { join } from 'node:path';
import { ProductError } from '../net/errors.js';
import { keepOnThisHost } from './cleartext.js';
import { type Kubeconfig, loadInCluster, loadKubeconfig } from './kubeconfig.js';
import { checkToken, readSecretFile } from './secret_file.js';

// Access to the Kubernetes API: which server, with which credentials.
// Other files here send requests, keep copies of objects (reflector.ts) and read services and annotations.
// The gateway, the watcher, the CNI plugin and the doctor share this folder.
/** An API server and the credentials for it. */
export interface ApiAccess {
  readonly server: URL;
  /** Where the access was found, for messages: `external_ids:k8s-api-server`, a file. */
  readonly source: string;
  /** Differs between accesses with different servers or credentials. */
  readonly fingerprint: string;
  /** Returns credentials and TLS options for the next request; reads a token that expires again. */
  options(): Promise<RequestOptions>;
}

export interface AccessOptions {
  /** `--kubeconfig`. */
  readonly kubeconfig?: string | undefined;
  /** `external_ids` of the Open_vSwitch row. */
  readonly systemIds: ReadonlyMap<string, string>;
  /** OVS's sysconf directory, where `k8s-ca.crt` may be. */
  readonly sysconf: string;
  readonly env: NodeJS.ProcessEnv;
}

/** The folder of a Pod's token and CA (Kubernetes, "Accessing the Kubernetes API from a Pod"). */
const IN_CLUSTER = '/var/run/secrets/kubernetes.io/serviceaccount';

/** The key with the token's file. It comes before `k8s-api-token`: ovs-vsctl logs the values that it is given. */
const TOKEN_FILE = 'k8s-api-token-file';
const TOKEN = 'k8s-api-token';
const KEYS = ['k8s-api-server', 'k8s-ca-certificate', TOKEN, TOKEN_FILE] as const;

/** Returns the settings of the API server in `external_ids` as one text, to be compared. */
export function accessSettings(systemIds: ReadonlyMap<string, string>): string {
  return JSON.stringify(KEYS.map((key) => systemIds.get(key)));
}

/** Whether an API server is configured. */
export function isConfigured({ kubeconfig, systemIds, env }: AccessOptions): boolean {
  return (
    kubeconfig !== undefined ||
    (systemIds.get('k8s-api-server') ?? '') !== '' ||
    env.KUBERNETES_SERVICE_HOST !== undefined
  );
}

/**
 * Finds the API server: in `--kubeconfig`, else in `external_ids:k8s-api-server`, else the server of the Pod that this
 * process runs in.
 * @returns `undefined` if none is configured
 * @throws UsageError for a kubeconfig that cannot be used; ProductError `ERR_KUBE_CONFIG`, `ERR_SECRET_FILE`,
 *   `ERR_CLEARTEXT`
 */
export async function findAccess(options: AccessOptions): Promise<ApiAccess | undefined> {
  const { kubeconfig, systemIds, env } = options;
  if (kubeconfig !== undefined)
    return fromConfig(await loadKubeconfig(kubeconfig, '--kubeconfig'), `--kubeconfig=${kubeconfig}`);
  const server = systemIds.get('k8s-api-server');
  if (server !== undefined && server !== '') return fromSystemIds(server, options);
  return env.KUBERNETES_SERVICE_HOST === undefined
    ? undefined
    : fromConfig(await loadInCluster(IN_CLUSTER), IN_CLUSTER);
}

/**
 * Reads `external_ids`. The token and the CA contain a literal `\n` for each line break, as ovs-vsctl stores them. A
 * token's file is read again for each request, so a replaced token is used at once.
 */
async function fromSystemIds(text: string, { systemIds, sysconf }: AccessOptions): Promise<ApiAccess> {
  const server = parseServer(text);
  const source = 'external_ids:k8s-api-server';
  const ca =
    systemIds.get('k8s-ca-certificate')?.replaceAll('\\n', '\n') ?? readIfThere(join(sysconf, 'k8s-ca.crt'));
  if (server.protocol === 'https:' && ca === undefined) {
    throw new ProductError(
      'ERR_KUBE_CONFIG',
      `${source}=${text}: no CA to verify the server; set external_ids:k8s-ca-certificate or put the CA in ${join(sysconf, 'k8s-ca.crt')}`,
    );
  }
  const readToken = () => tokenOf(systemIds);
  const token = await readToken();
  const local = token === undefined ? {} : keepOnThisHost(server, source);
  return {
    server,
    source,
    fingerprint: fingerprint(text, token, ca),
    options: async () => {
      const now = await readToken();
      const headers = now === undefined ? {} : { authorization: `Bearer ${now}` };
      return { headers, ...local, ...(ca === undefined ? {} : { ca }) };
    },
  };
}

async function tokenOf(systemIds: ReadonlyMap<string, string>): Promise<string | undefined> {
  const file = systemIds.get(TOKEN_FILE) ?? '';
  const source = `external_ids:${TOKEN_FILE}`;
  if (file !== '') return checkToken(await readSecretFile(file, source), `${source}=${file}`);
  const token = systemIds.get(TOKEN)?.replaceAll('\\n', '').trim() ?? '';
  return token === '' ? undefined : checkToken(token, `external_ids:${TOKEN}`);
}

function fromConfig({ server, identity, options }: Kubeconfig, source: string): ApiAccess {
  return { server: parseServer(server), source, fingerprint: fingerprint(...identity), options };
}

/** Parses the address of a server; without a scheme it is `http://`, as in the original. */
function parseServer(text: string): URL {
  const withScheme = /^https?:\/\//i.test(text) ? text : `http://${text}`;
  const url = URL.canParse(withScheme) ? new URL(withScheme) : undefined;
  // A password in an address would be shown in messages.
  if (url !== undefined && (url.username !== '' || url.password !== ''))
    throw new ProductError(
      'ERR_KUBE_CONFIG',
      `the address of the API server at ${url.host} has credentials; give https://HOST:PORT, and a token in a file`,
    );
  if (url !== undefined) return url;
  throw new ProductError(
    'ERR_KUBE_CONFIG',
    `"${text.replace(/\/\/[^/]*@/, '//…@')}" is not the address of an API server; give https://HOST:PORT`,
  );
}

/** Returns a hash, as the parts may be secret. */
function fingerprint(...parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
