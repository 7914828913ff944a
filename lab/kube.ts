import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Namespace } from './namespace.js';
import { SERVICE_SUBNET } from './overlay.js';
import { PROJECT } from './project.js';
import type { Running } from './running.js';
import { until } from './until.js';

export const TOKEN = 'test-admin-token';
/** Tokens of the product's service accounts in packaging/kubernetes, and of an account without any rights. */
export const ACCOUNT_TOKENS = {
  'ovn-k8s-watcher': 'test-watcher-token',
  'ovn-k8s-node': 'test-node-token',
  stranger: 'test-stranger-token',
} as const;
/** The token in each Secret of packaging/kubernetes, as an operator applies them for the nodes gw1 and gw2. */
const SECRET_TOKENS: Readonly<Record<string, { readonly token: string; readonly account: string }>> = {
  'ovn-k8s-watcher': { token: ACCOUNT_TOKENS['ovn-k8s-watcher'], account: 'ovn-k8s-watcher' },
  'ovn-k8s-node-gw1': { token: 'test-node-gw1-token', account: 'ovn-k8s-node' },
  'ovn-k8s-node-gw2': { token: 'test-node-gw2-token', account: 'ovn-k8s-node' },
};
const LOOPBACK = '127.0.0.1';
const ETCD = `http://${LOOPBACK}:2379`;

/** Returns the folder with kube-apiserver, etcd and kubectl, or `undefined` if there is none. */
export function kubeAssets(): string | undefined {
  try {
    return execFileSync(join(PROJECT, 'scripts/kube-assets'), { encoding: 'utf8', stdio: 'pipe' }).trim();
  } catch {
    return undefined;
  }
}

interface Place {
  readonly net: Namespace;
  /** The folder for its files. */
  readonly dir: string;
  /** An address of the namespace that clients reach. */
  readonly address: string;
  /** The range of node ports, if a test needs more than Kubernetes' default of 30000-32767. */
  readonly nodePorts?: string;
  /** Whether services can have IPv6 addresses too, which Kubernetes 1.20 does not allow by default. */
  readonly isDualStack?: boolean;
}

/** A real API server with its etcd, in a namespace. No controller runs behind it. */
export class Kubernetes {
  private server: Running | undefined;
  private store: Running | undefined;
  private isHidden = false;

  private constructor(
    private readonly assets: string,
    private readonly place: Place,
  ) {}

  static async start(place: Place): Promise<Kubernetes> {
    const assets = kubeAssets();
    if (assets === undefined)
      throw new Error('there is no API server here: sudo scripts/kube-assets --build');
    const kubernetes = new Kubernetes(assets, place);
    await kubernetes.certify();
    kubernetes.startStore();
    await kubernetes.startServer();
    return kubernetes;
  }

  get url(): string {
    return `https://${this.place.address}:6443`;
  }

  /** The file of the CA's certificate. */
  get caFile(): string {
    return this.file('ca.pem');
  }

  /** The CA's certificate, PEM. */
  get ca(): string {
    return readFileSync(this.caFile, 'utf8');
  }

  /** The environment of an operator's shell, in which `kubectl` uses this server. */
  get operatorEnv(): Readonly<Record<string, string>> {
    const { PATH = '' } = this.place.net.env;
    return { PATH: `${this.assets}:${PATH}`, KUBECONFIG: this.kubeconfig };
  }

  get kubeconfig(): string {
    return this.file('kubeconfig');
  }

  /** The `external_ids` that an operator sets so that a host finds this server. */
  get externalIds(): readonly string[] {
    return [
      `external_ids:k8s-api-server="${this.url}"`,
      `external_ids:k8s-api-token="${TOKEN}"`,
      `external_ids:k8s-ca-certificate="${this.ca.trim().replaceAll('\n', '\\\\n')}"`,
    ];
  }

  /**
   * Starts the server; resolves when it is ready for requests.
   * @param isHidden whether only `kubectl` on this host reaches the server, to change objects behind other clients
   */
  async startServer({ isHidden = false }: { readonly isHidden?: boolean } = {}): Promise<void> {
    const { address, net, nodePorts = '30000-32767', isDualStack = false } = this.place;
    const [v4Only] = SERVICE_SUBNET.split(',');
    this.isHidden = isHidden;
    this.server = net.spawn([
      join(this.assets, 'kube-apiserver'),
      ...[`--etcd-servers=${ETCD}`, `--bind-address=${isHidden ? LOOPBACK : address}`],
      `--advertise-address=${address}`,
      ...['--secure-port=6443', `--cert-dir=${this.file('')}`, '--endpoint-reconciler-type=none'],
      ...[`--tls-cert-file=${this.file('server.pem')}`, `--tls-private-key-file=${this.file('server.key')}`],
      ...[`--service-account-key-file=${this.file('server.key')}`],
      ...[`--service-account-signing-key-file=${this.file('server.key')}`],
      '--service-account-issuer=https://kubernetes.default.svc',
      ...[`--token-auth-file=${this.file('tokens.csv')}`, '--authorization-mode=RBAC'],
      ...['--disable-admission-plugins=ServiceAccount', '--allow-privileged=true', '--profiling=false'],
      ...(isDualStack
        ? [`--service-cluster-ip-range=${SERVICE_SUBNET}`, '--feature-gates=IPv6DualStack=true']
        : [`--service-cluster-ip-range=${v4Only}`]),
      `--service-node-port-range=${nodePorts}`,
    ]);
    await until(
      'the API server to be ready',
      async () => ((await this.attempt('get', '--raw', '/readyz')).exitCode === 0 ? true : undefined),
      60_000,
    );
  }

  /** Copies etcd's data, as a backup. Stops and starts the server and etcd. */
  async backUp(): Promise<void> {
    await this.whileStopped(() => cp(this.file('etcd'), this.file('backup'), { recursive: true }));
  }

  /** Puts back the last backup, so that versions go back to those of that time. */
  async restore(): Promise<void> {
    await this.whileStopped(async () => {
      await rm(this.file('etcd'), { recursive: true });
      await rename(this.file('backup'), this.file('etcd'));
    });
  }

  private async whileStopped(work: () => Promise<void>): Promise<void> {
    await this.stopServer();
    await this.store?.stop('SIGTERM');
    await work();
    this.startStore();
    await this.startServer();
  }

  private startStore(): void {
    this.store = this.place.net.spawn([
      join(this.assets, 'etcd'),
      ...['--name=test', `--data-dir=${this.file('etcd')}`, '--log-level=error'],
      ...[`--listen-client-urls=${ETCD}`, `--advertise-client-urls=${ETCD}`],
      ...['--listen-peer-urls=http://127.0.0.1:2380', '--initial-advertise-peer-urls=http://127.0.0.1:2380'],
      ...['--initial-cluster=test=http://127.0.0.1:2380'],
    ]);
  }

  /** Kills the API server; etcd keeps the objects. */
  async stopServer(): Promise<void> {
    await this.server?.stop('SIGKILL');
  }

  /** Sends a signal to the API server, as SIGSTOP. */
  signal(name: NodeJS.Signals): void {
    if (this.server !== undefined) process.kill(this.server.pid, name);
  }

  async kubectl(...args: readonly string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.attempt(...args);
    if (exitCode !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
    return stdout;
  }

  /** Fills in the Secrets of the product's accounts that exist, as the token controller does. */
  async issueTokens(): Promise<void> {
    const encode = (text: string) => Buffer.from(text).toString('base64');
    const names = await this.kubectl('--namespace=kube-system', 'get', 'secrets', '--output=name');
    for (const name of names.split('\n').map((line) => line.replace('secret/', ''))) {
      const token = SECRET_TOKENS[name]?.token;
      if (token === undefined) continue;
      const patch = JSON.stringify({ data: { token: encode(token), 'ca.crt': encode(this.ca) } });
      await this.kubectl('--namespace=kube-system', 'patch', 'secret', name, `--patch=${patch}`);
    }
  }

  /** Creates or changes objects with kubectl. */
  async apply(...objects: readonly object[]): Promise<void> {
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
    await this.place.net.exec([...this.command, 'apply', '-f', '-'], { input: list });
  }

  /** Replaces the object at a path of the API. */
  async replaceRaw(path: string, object: object): Promise<void> {
    const input = JSON.stringify(object);
    await this.place.net.exec([...this.command, 'replace', '--raw', path, '-f', '-'], { input });
  }

  /** Sends a merge patch as the account of a token; resolves with any status. */
  async patch(path: string, token: string, body: object): Promise<{ status: number; object: unknown }> {
    const contentType = 'application/merge-patch+json';
    const request = { url: `${this.url}${path}`, token, method: 'PATCH', contentType, body };
    const agent = join(PROJECT, 'lab/kube_request_agent.mjs');
    const answer = await this.place.net.exec(
      ['env', `NODE_EXTRA_CA_CERTS=${this.caFile}`, process.execPath, agent],
      { input: JSON.stringify(request) },
    );
    return JSON.parse(answer);
  }

  private attempt(...args: readonly string[]) {
    return this.place.net.attempt([...this.command, ...args]);
  }

  private get command(): string[] {
    const server = this.isHidden ? [`--server=https://${LOOPBACK}:6443`] : [];
    const kubectl = [join(this.assets, 'kubectl'), `--kubeconfig=${this.kubeconfig}`];
    return [...kubectl, '--request-timeout=10s', ...server];
  }

  private file(name: string): string {
    return join(this.place.dir, 'kube', name);
  }

  private async certify(): Promise<void> {
    const { address, net } = this.place;
    mkdirSync(this.file(''), { recursive: true });
    const key = ['-newkey', 'rsa:2048', '-nodes'];
    await net.exec([
      ...['openssl', 'req', '-x509', ...key, '-days', '2', '-subj', '/CN=test-ca'],
      ...['-keyout', this.file('ca.key'), '-out', this.file('ca.pem')],
    ]);
    const request = ['-keyout', this.file('server.key'), '-out', this.file('server.csr')];
    await net.exec(['openssl', 'req', ...key, '-subj', '/CN=kube-apiserver', ...request]);
    writeFileSync(
      this.file('names'),
      `subjectAltName=IP:${address},IP:127.0.0.1,IP:10.96.0.1,DNS:kubernetes\n`,
    );
    await net.exec([
      ...['openssl', 'x509', '-req', '-days', '2', '-in', this.file('server.csr')],
      ...['-CA', this.file('ca.pem'), '-CAkey', this.file('ca.key'), '-CAcreateserial'],
      ...['-extfile', this.file('names'), '-out', this.file('server.pem')],
    ]);
    const owners = [
      ...Object.entries(ACCOUNT_TOKENS).map(([account, token]) => ({ account, token })),
      ...Object.values(SECRET_TOKENS).filter(({ account }) => account === 'ovn-k8s-node'),
    ];
    const accounts = owners.map(
      ({ account, token }) => `${token},system:serviceaccount:kube-system:${account},${account}`,
    );
    const tokens = [`${TOKEN},admin,admin,"system:masters"`, ...accounts];
    writeFileSync(this.file('tokens.csv'), tokens.map((line) => `${line}\n`).join(''));
    writeFileSync(this.kubeconfig, this.config(), { mode: 0o600 });
  }

  private config(): string {
    return JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'test', cluster: { server: this.url, 'certificate-authority': this.caFile } }],
      users: [{ name: 'admin', user: { token: TOKEN } }],
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
      'current-context': 'test',
    });
  }
}
