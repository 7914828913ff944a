import type { RequestOptions } from 'node:https';
import { dirname, resolve } from 'node:path';
import { explainError, UsageError } from '../net/errors.js';
import { checkToken, readSecretFile } from './secret_file.js';

/** The server of a kubeconfig's current context, and the credentials for it. */
export interface Kubeconfig {
  readonly server: string;
  /** Differs between kubeconfigs with different servers or credentials. It holds secrets. */
  readonly identity: readonly unknown[];
  /** Returns credentials and TLS options for the next request. */
  options(): Promise<RequestOptions>;
}

/**
 * Loads a kubeconfig. It is read like a file of a token, since it holds tokens and keys.
 * @throws UsageError; ProductError `ERR_SECRET_FILE`
 */
export async function loadKubeconfig(file: string, what: string): Promise<Kubeconfig> {
  const [{ KubeConfig }, { loadYaml }] = await Promise.all([
    import('@kubernetes/client-node/dist/config.js'),
    import('@kubernetes/client-node/dist/yaml.js'),
  ]);
  const path = resolve(file);
  const text = await readSecretFile(path, what);
  const config = new KubeConfig();
  let tokenFile: string | undefined;
  try {
    const content: unknown = loadYaml(text);
    config.loadFromString(JSON.stringify(withoutTokenFiles(content)));
    config.makePathsAbsolute(dirname(path));
    tokenFile = tokenFileOf(content, config.getCurrentUser()?.name);
  } catch (error) {
    // Not the error as the cause: it quotes the line, which may be the one with the token.
    throw new UsageError(`${what}=${file}: cannot be read: ${placeOf(error)}`);
  }
  return fromConfig(config, `${what}=${file}`, tokenFile && resolve(dirname(path), tokenFile));
}

/** Loads the account of the Pod that this process runs in; `source` names its folder. */
export async function loadInCluster(source: string): Promise<Kubeconfig> {
  const { KubeConfig } = await import('@kubernetes/client-node/dist/config.js');
  const config = new KubeConfig();
  config.loadFromCluster();
  return fromConfig(config, source);
}

async function fromConfig(
  config: {
    getCurrentCluster(): { readonly server: string } | null;
    getCurrentUser(): object | null;
    applyToHTTPSOptions(options: RequestOptions): Promise<void>;
  },
  source: string,
  tokenFile?: string,
): Promise<Kubeconfig> {
  const cluster = config.getCurrentCluster();
  if (cluster === null)
    throw new UsageError(`${source}: has no current context; set one with kubectl config use-context`);
  const readToken = async () =>
    tokenFile === undefined
      ? undefined
      : checkToken(await readSecretFile(tokenFile, 'tokenFile'), `tokenFile=${tokenFile}`);
  return {
    server: cluster.server,
    // For a Pod's account the user has no token, only its file: the token changes each hour, and the library reads the
    // file each minute.
    identity: [cluster, config.getCurrentUser(), await readToken()],
    options: async () => {
      // Without encryption no credentials are sent.
      if (/^http:/i.test(cluster.server)) return {};
      const options: RequestOptions = {};
      await config.applyToHTTPSOptions(options);
      const token = await readToken();
      // KubeApi has its own agent, which keeps connections open.
      const { agent: _agent, ...rest } = options;
      if (token === undefined) return rest;
      return { ...rest, headers: { ...rest.headers, authorization: `Bearer ${token}` } };
    },
  };
}

/** Returns the key `tokenFile` of a user, which kubectl reads; `token-file` is the library's own name for it. */
function tokenFileOf(content: unknown, name: string | undefined): string | undefined {
  for (const { name: other, user } of usersOf(content)) {
    const file = isRecord(user) ? (user.tokenFile ?? user['token-file']) : undefined;
    if (other === name && typeof file === 'string' && isRecord(user) && user.token === undefined) return file;
  }
  return undefined;
}

/** The library would read these files at once and without a check. */
function withoutTokenFiles(content: unknown): unknown {
  if (!isRecord(content)) return content;
  const users = usersOf(content).map((one) => {
    if (!isRecord(one.user)) return one;
    const { tokenFile: _other, 'token-file': _file, ...user } = one.user;
    return { ...one, user };
  });
  return { ...content, users };
}

function usersOf(content: unknown): Readonly<Record<string, unknown>>[] {
  return isRecord(content) && Array.isArray(content.users) ? content.users.filter(isRecord) : [];
}

/** Returns why a kubeconfig cannot be read, without the text that a YAML parser quotes. */
function placeOf(error: unknown): string {
  if (!isRecord(error) || !isRecord(error.mark)) return explainError(error);
  return `${String(error.reason)}, line ${Number(error.mark.line) + 1}`;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
