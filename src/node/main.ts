// The node's daemon, on every node: makes this host reach the cluster's services, and answer at its own addresses.
// sources/ follow the outside world. Each step (step.ts) computes what the host should have from what they know (state_*,
// desired_*): the routes and addresses of `k8s-NODE`, and one nft table (table_keeper). report/ informs the operator.
import { setMaxListeners } from 'node:events';
import { directories } from '../daemon/directories.js';
import { Loop } from '../daemon/loop.js';
import type { Daemon } from '../daemon/main.js';
import { Problems } from '../daemon/problems.js';
import { connect } from '../ovsdb/client.js';
import { openVswitch } from '../ovsdb/tables/open_vswitch.js';
import { HealthServers } from './apply_health.js';
import { NorthboundHost } from './apply_northbound.js';
import { TranslatedUdp } from './apply_translations.js';
import { lockHost } from './host_lock.js';
import type { NodeDaemonOptions } from './options.js';
import { registerCommands } from './report/status.js';
import { makeSources } from './sources.js';
import { nodeWork } from './step.js';
import { TableKeeper } from './table_keeper.js';

/** Milliseconds between two audits, which find what no event announced. */
const AUDIT_MS = 10_000;
/** The wait after a failed step. */
const RETRY = { firstMs: 1_000 };
/** More than there are sources; a leak has more. */
const MAX_LISTENERS = 32;

/**
 * Keeps the node's routes and its nft table right until `daemon.signal` is aborted. They stay in place afterwards.
 * @throws ProductError only before it is ready: another daemon, no local database
 */
export async function runNodeDaemon(daemon: Daemon, options: NodeDaemonOptions): Promise<void> {
  const lock = lockHost(directories(process.env).run);
  try {
    await keepHost(daemon, options);
  } finally {
    lock.release();
  }
}

async function keepHost(daemon: Daemon, options: NodeDaemonOptions): Promise<void> {
  const { signal } = daemon;
  const log = daemon.log('node');
  setMaxListeners(MAX_LISTENERS, signal);
  const db = await connect(openVswitch, {
    ...{ remotes: options.db, timeoutMs: options.timeoutMs, signal, log: daemon.log('ovsdb') },
    tables: ['Open_vSwitch', 'Bridge'],
  });
  const problems = new Problems(log);
  const loop = new Loop({ auditMs: AUDIT_MS, retry: RETRY, problems });
  daemon.watch(() => loop.stepMs);
  const keeper = new TableKeeper(log);
  const rulesChanged = () => {
    keeper.audit({ elements: false });
    loop.ring();
  };
  const sources = makeSources(options, { db, problems, log, changed: loop.ring, rulesChanged });
  const translated = new TranslatedUdp(problems);
  const host = new NorthboundHost(problems);
  const health = new HealthServers(problems);
  registerCommands(daemon, { sources, keeper, loop, problems });

  const { cluster, guard, northbound, connections, routers, addresses, port, hostPorts, ruleset } = sources;
  await Promise.all([addresses.read(), port.read()]);
  const followed = [cluster, guard, northbound, connections, routers, addresses, port, hostPorts, ruleset];
  const running = followed.map((source) => source.run(signal));
  daemon.ready();
  const forget = db.onChange(loop.ring);
  await loop.run(nodeWork({ options, db, sources, keeper, translated, host, health, problems, log }), signal);
  forget();
  health.close();
  await Promise.all(running);
  db.close();
}
