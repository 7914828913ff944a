// The watcher: turns the pods and services of the whole cluster into rows of OVN's northbound database.
// sources/ follow the API server and the database; state_* holds what changed, desired_* what should exist; apply_* and
// northbound_keeper write the difference; report/ shows it. followed_cluster assembles these; main runs one at a time.
import { directories } from '../daemon/directories.js';
import type { Daemon } from '../daemon/main.js';
import { Problems } from '../daemon/problems.js';
import { type AccessOptions, type ApiAccess, accessSettings, findAccess } from '../kube/access.js';
import { whileReached } from '../kube/reached.js';
import type { Cidr } from '../net/cidr.js';
import { explainError, ProductError } from '../net/errors.js';
import { serverName } from '../ovn/tls.js';
import { connect } from '../ovsdb/client.js';
import { openVswitch } from '../ovsdb/tables/open_vswitch.js';
import type { LocalDatabase } from '../switch/connection.js';
import { OVN_NB, readSystemIds, requireSystemId } from '../switch/external_ids.js';
import { systemSettings } from '../switch/system_settings.js';
import { awaitNorthbound, START } from './await_northbound.js';
import { FollowedCluster } from './followed_cluster.js';
import { formatStatus, NOTHING_FOLLOWED, statusJson, type WatcherReport } from './report/status.js';

export interface WatcherCommand {
  readonly db: string;
  readonly timeoutMs: number;
  readonly kubeconfig: string | undefined;
  /** `--external-ip-cidrs`. */
  readonly allowed: readonly Cidr[] | undefined;
}

/**
 * Keeps logical ports of pods and load balancers of services until `daemon.signal` is aborted. Waits for the northbound
 * database and the cluster router, and starts over if the local database names another database or API server.
 * @throws ProductError if the local database does not answer, or does not say where the others are
 */
export async function runWatcher(
  daemon: Daemon,
  { db, timeoutMs, kubeconfig, allowed }: WatcherCommand,
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
  const find = () =>
    requireAccess({
      kubeconfig,
      systemIds: readSystemIds(local),
      sysconf: directories(process.env).sysconf,
      env: process.env,
    });
  requireSystemId(readSystemIds(local), OVN_NB, 'tcp:CENTRAL:6641');
  await find();

  const settings = systemSettings(local);
  const problems = new Problems(log);
  let followed: FollowedCluster | undefined;
  registerStatus(daemon, () => {
    const report = followed?.report() ?? NOTHING_FOLLOWED;
    return { ...report, problems: [...problems.current, ...report.problems] };
  });
  daemon.watch(() => followed?.stepMs ?? 0);
  daemon.ready();
  while (!signal.aborted) {
    const options = {
      find,
      isAnswering: () => followed?.isAnswering ?? true,
      failed: (error: unknown) => problems.set(START, [explainError(error)]),
      signal: settingsChanged(local, signal),
    };
    await whileReached(options, async (access, over) => {
      const nb = await awaitNorthbound(readSystemIds(local), problems, over);
      if (nb === undefined) return;
      log.info(`following ${access.server.origin}`);
      followed = new FollowedCluster(access, nb, { settings, allowed, log });
      await followed.run(over).finally(() => {
        followed = undefined;
      });
    });
  }
}

function registerStatus(daemon: Daemon, report: () => WatcherReport): void {
  daemon.register('status', '[--json]', 0, 1, ([option]) =>
    option === '--json' ? statusJson(report()) : formatStatus(report()),
  );
}

/** Returns a signal that is aborted with `signal`, or when the local database names another database or API server. */
function settingsChanged(local: LocalDatabase, signal: AbortSignal): AbortSignal {
  const settings = () => {
    const ids = readSystemIds(local);
    return JSON.stringify([ids.get(OVN_NB), serverName(ids, OVN_NB), accessSettings(ids)]);
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

/** Finds the API server. @throws ProductError if none is configured, or what is configured cannot be used */
async function requireAccess(options: AccessOptions): Promise<ApiAccess> {
  const access = await findAccess(options);
  if (access !== undefined) return access;
  throw new ProductError(
    'ERR_NOT_CONFIGURED',
    'external_ids:k8s-api-server is not set; run ovs-vsctl set Open_vSwitch . external_ids:k8s-api-server=https://HOST:6443, or give --kubeconfig',
  );
}
