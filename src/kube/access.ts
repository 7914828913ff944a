import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { RequestOptions } from 'node:https';
import { join } from 'node:path';
import { ProductError, UsageError } from '../net/errors.js';

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

const KEYS = ['k8s-api-server', 'k8s-ca-certificate', 'k8s-api-token'] as const;

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
 * @throws UsageError for a kubeconfig that cannot be used; ProductError `ERR_KUBE_CONFIG`
 */
export async function findAccess(options: AccessOptions): Promise<ApiAccess | undefined> {
  const { kubeconfig, systemIds, env } = options;
  if (kubeconfig !== undefined) return fromKubeconfig(kubeconfig);
  const server = systemIds.get('k8s-api-server');
  if (server !== undefined && server !== '') return fromSystemIds(server, options);
  return env.KUBERNETES_SERVICE_HOST === undefined ? undefined : fromCluster();
}

/** Reads `external_ids`. The token and the CA contain a literal `\n` for each line break, as ovs-vsctl stores them. */
function fromSystemIds(text: string, { systemIds, sysconf }: AccessOptions): ApiAccess {
  const server = parseServer(text);
  const token = systemIds.get('k8s-api-token')?.replaceAll('\\n', '').trim();
  const ca =
    systemIds.get('k8s-ca-certificate')?.replaceAll('\\n', '\n') ?? readIfThere(join(sysconf, 'k8s-ca.crt'));
  if (server.protocol === 'https:' && ca === undefined) {
    throw new ProductError(
      'ERR_KUBE_CONFIG',
      `external_ids:k8s-api-server=${text}: no CA to verify the server; set external_ids:k8s-ca-certificate or put the CA in ${join(sysconf, 'k8s-ca.crt')}`,
    );
  }
  const headers = token === undefined || token === '' ? {} : { authorization: `Bearer ${token}` };
  return {
    server,
    source: 'external_ids:k8s-api-server',
    fingerprint: fingerprint(text, token, ca),
    options: async () => ({ headers, ...(ca === undefined ? {} : { ca }) }),
  };
}

async function fromKubeconfig(file: string): Promise<ApiAccess> {
  const { KubeConfig } = await import('@kubernetes/client-node/dist/config.js');
  const config = new KubeConfig();
  try {
    config.loadFromFile(file);
  } catch (error) {
    throw new UsageError(`--kubeconfig=${file}: cannot be read`, { cause: error });
  }
  return fromConfig(config, `--kubeconfig=${file}`);
}

async function fromCluster(): Promise<ApiAccess> {
  const { KubeConfig } = await import('@kubernetes/client-node/dist/config.js');
  const config = new KubeConfig();
  config.loadFromCluster();
  return fromConfig(config, IN_CLUSTER);
}

function fromConfig(
  config: {
    getCurrentCluster(): { readonly server: string; skipTLSVerify?: boolean } | null;
    getCurrentUser(): object | null;
    applyToHTTPSOptions(options: RequestOptions): Promise<void>;
  },
  source: string,
): ApiAccess {
  const cluster = config.getCurrentCluster();
  if (cluster === null)
    throw new UsageError(`${source}: has no current context; set one with kubectl config use-context`);
  const server = parseServer(cluster.server);
  return {
    server,
    source,
    // For a Pod's account the user has no token, only its file: the token changes each hour, and the library reads the
    // file each minute.
    fingerprint: fingerprint(cluster, config.getCurrentUser()),
    options: async () => {
      if (server.protocol === 'http:') return {};
      const options: RequestOptions = {};
      await config.applyToHTTPSOptions(options);
      // KubeApi has its own agent, which keeps connections open.
      const { agent: _agent, ...rest } = options;
      return rest;
    },
  };
}

/** Parses the address of a server; without a scheme it is `http://`, as in the original. */
function parseServer(text: string): URL {
  const withScheme = /^https?:\/\//.test(text) ? text : `http://${text}`;
  try {
    return new URL(withScheme);
  } catch (error) {
    throw new ProductError(
      'ERR_KUBE_CONFIG',
      `"${text}" is not the address of an API server; give https://HOST:PORT`,
      {
        cause: error,
      },
    );
  }
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
