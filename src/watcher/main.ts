import { setTimeout as pause } from 'node:timers/promises';
import { directories } from '../daemon/directories.js';
import type { Daemon } from '../daemon/main.js';
import { Trouble } from '../daemon/trouble.js';
import { type AccessOptions, type ApiAccess, accessSettings, findAccess } from '../kube/access.js';
import { KubeApi } from '../kube/api.js';
import { type FollowOptions, whileReached } from '../kube/reached.js';
import { explainError, ProductError } from '../net/errors.js';
import { connectNorthbound, type Northbound } from '../ovn/connection.js';
import { connect } from '../ovsdb/client.js';
import { openVswitch } from '../ovsdb/tables/open_vswitch.js';
import type { LocalDatabase } from '../switch/connection.js';
import { OVN_NB, readSystemIds, requireSystemId } from '../switch/external_ids.js';
import { Annotator } from './annotator.js';
import { ClusterSource } from './cluster_source.js';
import { formatStatus, statusJson } from './status.js';
import { Watcher } from './watcher.js';

export interface WatcherCommand {
  readonly db: string;
  readonly timeoutMs: number;
  readonly kubeconfig: string | undefined;
}

const RETRY_MS = 1_000;

/**
 * The watcher: pods to logical ports, services to load balancers, until `daemon.signal` is aborted. It waits for the
 * northbound database and the cluster router, and begins anew when it is told of another database or API server.
 * @throws ProductError where the local database does not answer, or nobody says where the others are
 */
export async function runWatcher(
  daemon: Daemon,
  { db, timeoutMs, kubeconfig }: WatcherCommand,
): Promise<void> {
  const { signal } = daemon;
  const log = daemon.log('watcher');
  const local = await connect(openVswitch, {
    remotes: db,
    tables: ['Open_vSwitch'],
    timeoutMs,
    signal,
    log: daemon.log('ovsdb'),
  });
  const where = (): AccessOptions => ({
    kubeconfig,
    systemIds: readSystemIds(local),
    sysconf: directories(process.env).sysconf,
    env: process.env,
  });
  requireSystemId(readSystemIds(local), OVN_NB, 'tcp:CENTRAL:6641');
  await requireAccess(where());

  let watcher: Watcher | undefined;
  const trouble = new Trouble(log);
  const status = () => ({ watcher, waitingFor: trouble.current });
  daemon.register('status', '[--json]', 0, 1, ([option]) =>
    option === '--json' ? statusJson(status()) : formatStatus(status()),
  );
  daemon.ready();
  while (!signal.aborted) {
    const changed = settingsChanged(local, signal);
    const ways: FollowOptions = {
      find: () => requireAccess(where()),
      isAnswering: () => watcher?.isHeard ?? true,
      failed: (error) => trouble.report([explainError(error)]),
      signal: changed,
    };
    await whileReached(ways, async (access, over) => {
      const nb = await awaitNorthbound(readSystemIds(local), trouble, over);
      if (nb === undefined) return;
      log.info(`following ${access.server.origin}`);
      await follow(access, nb, log, over, (started) => {
        watcher = started;
      }).finally(() => {
        watcher = undefined;
      });
    });
  }
}

/** Follows one API server for one database until `signal` is aborted. */
async function follow(
  access: ApiAccess,
  nb: Northbound,
  log: { info(message: string): void; warn(message: string): void },
  signal: AbortSignal,
  started: (watcher: Watcher) => void,
): Promise<void> {
  const api = new KubeApi(access, { sockets: 24 });
  try {
    const annotator = new Annotator(api, () => watcher.look(), signal);
    const news = {
      podChanged: (key: string) => watcher.podChanged(key),
      serviceChanged: (key: string) => watcher.serviceChanged(key),
      look: () => watcher.look(),
    };
    const cluster = new ClusterSource(api, news, log);
    const watcher: Watcher = new Watcher({ nb, cluster, annotator, log, signal });
    started(watcher);
    nb.onChange(watcher.northboundChanged);
    nb.onState(watcher.reconnected);
    watcher.look();
    await Promise.all([cluster.run(signal), watcher.run()]);
  } finally {
    nb.close();
    api.close();
  }
}

/** Aborted when the local database says otherwise where to write or whom to follow, and with `signal`. */
function settingsChanged(local: LocalDatabase, signal: AbortSignal): AbortSignal {
  const settings = () => {
    const ids = readSystemIds(local);
    return JSON.stringify([ids.get(OVN_NB), accessSettings(ids)]);
  };
  const before = settings();
  const changed = new AbortController();
  const forget = local.onChange(() => {
    if (settings() !== before) changed.abort();
  });
  const either = AbortSignal.any([signal, changed.signal]);
  either.addEventListener('abort', forget, { once: true });
  return either;
}

/** @throws ProductError where nobody says where the API server is, or what is said cannot be used */
async function requireAccess(where: AccessOptions): Promise<ApiAccess> {
  const access = await findAccess(where);
  if (access !== undefined) return access;
  throw new ProductError(
    'ERR_NOT_CONFIGURED',
    'external_ids:k8s-api-server is not set; run ovs-vsctl set Open_vSwitch . external_ids:k8s-api-server=https://HOST:6443, or give --kubeconfig',
  );
}

/** The database is waited for, however long it takes. @throws ProductError where nobody says where it is */
async function awaitNorthbound(
  systemIds: ReadonlyMap<string, string>,
  trouble: Trouble,
  signal: AbortSignal,
): Promise<Northbound | undefined> {
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
