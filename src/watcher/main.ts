import { setTimeout as pause } from 'node:timers/promises';
import { directories } from '../daemon/directories.js';
import type { Daemon } from '../daemon/main.js';
import { Trouble } from '../daemon/trouble.js';
import { findAccess } from '../kube/access.js';
import { KubeApi } from '../kube/api.js';
import { explainError, ProductError } from '../net/errors.js';
import { connectSwitch } from '../nic/bridge_rows.js';
import { connectNorthbound } from '../overlay/databases.js';
import type { Northbound } from '../overlay/rows.js';
import { Annotator } from './annotator.js';
import { ClusterSource } from './cluster_source.js';
import { Watcher } from './watcher.js';

export interface WatcherCommand {
  readonly db: string;
  readonly timeoutMs: number;
  readonly kubeconfig: string | undefined;
}

const RETRY_MS = 1_000;

/**
 * The watcher: pods to logical ports, services to load balancers, until `daemon.signal` is aborted. It waits for the
 * northbound database and the cluster router.
 * @throws ProductError where the local database does not answer, or nobody says where the API server is
 */
export async function runWatcher(
  daemon: Daemon,
  { db, timeoutMs, kubeconfig }: WatcherCommand,
): Promise<void> {
  const { signal } = daemon;
  const log = daemon.log('watcher');
  const local = await connectSwitch(db, timeoutMs);
  const systemIds = [...local.table('Open_vSwitch').values()][0]?.external_ids ?? new Map<string, string>();
  local.close();
  const { sysconf } = directories(process.env);
  const access = await findAccess({ kubeconfig, systemIds, sysconf, env: process.env });
  if (access === undefined) {
    throw new ProductError(
      'ERR_NOT_CONFIGURED',
      'external_ids:k8s-api-server is not set; run ovs-vsctl set Open_vSwitch . external_ids:k8s-api-server=https://HOST:6443, or give --kubeconfig',
    );
  }
  daemon.ready();
  const nb = await awaitNorthbound(systemIds, log, signal);
  if (nb === undefined) return;

  const api = new KubeApi(access, { sockets: 24 });
  log.info(`following ${api.name}`);
  const annotator = new Annotator(api, () => watcher.look(), signal);
  const news = {
    podChanged: (key: string) => watcher.podChanged(key),
    serviceChanged: (key: string) => watcher.serviceChanged(key),
    look: () => watcher.look(),
  };
  const cluster = new ClusterSource(api, news, log);
  const watcher: Watcher = new Watcher({ nb, cluster, annotator, log, signal });
  nb.onChange(watcher.northboundChanged);
  nb.onState(watcher.reconnected);
  registerCommands(daemon, watcher);
  watcher.look();
  await Promise.all([cluster.run(signal), watcher.run()]);
  nb.close();
  api.close();
}

/** The database is waited for, however long it takes. */
async function awaitNorthbound(
  systemIds: ReadonlyMap<string, string>,
  log: { info(message: string): void; warn(message: string): void },
  signal: AbortSignal,
): Promise<Northbound | undefined> {
  const trouble = new Trouble(log);
  while (!signal.aborted) {
    try {
      const nb = await connectNorthbound(systemIds, RETRY_MS);
      trouble.report([]);
      return nb;
    } catch (error) {
      if (error instanceof ProductError && error.code === 'ERR_NOT_CONFIGURED') throw error;
      trouble.report([`waiting: ${explainError(error)}`]);
      await pause(RETRY_MS, undefined, { signal }).catch(() => undefined);
    }
  }
  return undefined;
}

function registerCommands(daemon: Daemon, watcher: Watcher): void {
  daemon.register('status', '[--json]', 0, 1, ([option]) => {
    const { counts, totals, problems } = watcher;
    if (option === '--json') return JSON.stringify({ ...counts, ...totals, problems });
    const facts = [
      ['ports', String(counts.ports)],
      ['services', `${counts.services}, virtual addresses ${counts.vips}`],
      ['looks', `${totals.looks}, transactions ${totals.transactions}, failures ${totals.failures}`],
      ...problems.map((problem) => ['problem', problem]),
    ];
    return facts.map(([name = '', value = '']) => `${`${name}:`.padEnd(11)}${value}\n`).join('');
  });
}
