import { directories } from '../daemon/directories.js';
import type { Daemon } from '../daemon/main.js';
import { watchNetlink } from '../native.js';
import { ProductError } from '../net/errors.js';
import type { FlowChannel } from '../openflow/channel.js';
import { ofctlChannel } from '../openflow/ofctl.js';
import { connect } from '../ovsdb/client.js';
import { openVswitch } from '../ovsdb/tables/open_vswitch.js';
import { readAddresses } from './address_source.js';
import { FOLLOWED_TABLES, type LocalDatabase, readBridge, readSystemIds } from './bridge_source.js';
import { Controller } from './controller.js';
import type { Intent, LocalAddress } from './facts.js';
import { misfits } from './northbound_check.js';
import { NorthboundSource } from './northbound_source.js';
import { completePatchPair } from './patch_pair.js';
import { NODE_NAME } from './state.js';
import { countersJson, formatCounters, formatStatus, type Status, statusJson } from './status.js';
import { cleanUp } from './switch.js';

export interface HelperOptions extends Intent {
  /** The local switch's database. */
  readonly db: string;
  readonly timeoutMs: number;
}

/**
 * The gateway helper: follows the local database, the kernel's addresses and the switch, and keeps the bridge's
 * flows right until `daemon.signal` is aborted. Its first bundle asks nothing of OVN or the network.
 * @throws ProductError before it is ready only: no database, no such bridge or port, no switch
 */
export async function runHelper(daemon: Daemon, options: HelperOptions): Promise<void> {
  const { signal } = daemon;
  const log = daemon.log('gateway');
  const { run: rundir, sysconf } = directories(process.env);
  const db = await connect(openVswitch, {
    remotes: options.db,
    tables: FOLLOWED_TABLES,
    timeoutMs: options.timeoutMs,
    signal,
    log: daemon.log('ovsdb'),
  });
  refuseWrongNames(db, options);

  const channel = ofctlChannel({ bridge: options.bridge, rundir });
  let localAddresses: readonly LocalAddress[] = await readAddresses(options.bridge);
  let northbound: NorthboundSource | undefined;

  const controller = new Controller({
    intent: options,
    channel,
    log,
    signal,
    learn: () => ({ bridge: readBridge(db, options.bridge), localAddresses }),
    mend: () => mendPatchPair(db, options.bridge),
    otherProblems: () => northboundProblems(db, options.bridge, northbound, controller),
  });
  db.onChange(controller.look);
  db.onState(controller.look);
  const netlink = watchNetlink(['link', 'ipv4-ifaddr', 'ipv6-ifaddr'], () => {
    void readAddresses(options.bridge).then((addresses) => {
      localAddresses = addresses;
      controller.look();
    });
  });
  // Also after a start that failed: an open watch would keep the process, and who waits for it, for ever.
  signal.addEventListener('abort', () => netlink.close(), { once: true });
  registerCommands(daemon, controller, channel);
  daemon.onCleanup(async () => {
    // The loop must not put back what is taken away.
    await controller.stop();
    await cleanUp(channel);
  });

  const looping = controller.run();
  await Promise.race([firstFlows(controller, options), aborted(signal)]);
  if (!signal.aborted) {
    daemon.ready();
    sayWhatIsNotConfigured(db, log);
    northbound = startNorthbound(db, sysconf, controller, signal);
  }
  await looping;
  await aborted(signal);
  db.close();
}

/** The loop can end before the daemon may: cleaning up comes after it. */
function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function refuseWrongNames(db: LocalDatabase, { bridge, physicalInterface }: Intent): void {
  const facts = readBridge(db, bridge);
  if (facts === undefined) {
    throw new ProductError(
      'ERR_NO_BRIDGE',
      `--physical-bridge=${bridge}: there is no such bridge; ovn-k8s-util nics-to-bridge makes it`,
    );
  }
  if (!facts.ports.some(({ name }) => name === physicalInterface)) {
    throw new ProductError(
      'ERR_NO_PORT',
      `--physical-interface=${physicalInterface}: ${bridge} has no such port, only ${facts.ports.map(({ name }) => name).join(', ')}`,
    );
  }
}

/** Waits for the first flows, so that who started the helper knows that they are in place. */
async function firstFlows(controller: Controller, { bridge, timeoutMs }: HelperOptions): Promise<void> {
  const late = new Promise<never>((_resolve, reject) => {
    const error = () =>
      new ProductError(
        'ERR_NO_SWITCH',
        [`${bridge} has no flows after ${timeoutMs} ms`, ...controller.problems].join(': '),
      );
    setTimeout(() => reject(error()), timeoutMs).unref();
  });
  await Promise.race([controller.syncNow(), late]);
}

async function mendPatchPair(db: LocalDatabase, bridge: string): Promise<void> {
  const txn = db.transaction('ovn-k8s-gateway-helper: make the patch ports');
  completePatchPair(db, txn, { bridge, systemIds: readSystemIds(db) });
  await txn.commit();
}

function northboundProblems(
  db: LocalDatabase,
  bridge: string,
  northbound: NorthboundSource | undefined,
  controller: Controller,
): readonly string[] {
  const node = readBridge(db, bridge)?.externalIds.get(NODE_NAME);
  const unreachable = northbound?.problem === undefined ? [] : [northbound.problem];
  if (node === undefined || northbound?.tables === undefined || controller.currentState === undefined)
    return unreachable;
  return [...unreachable, ...misfits(northbound.tables, node, controller.currentState)];
}

function startNorthbound(
  db: LocalDatabase,
  sysconf: string,
  controller: Controller,
  signal: AbortSignal,
): NorthboundSource | undefined {
  const remotes = readSystemIds(db).get('ovn-nb');
  return remotes === undefined
    ? undefined
    : new NorthboundSource({ remotes, sysconf, changed: controller.look, signal });
}

function sayWhatIsNotConfigured(db: LocalDatabase, log: { info(message: string): void }): void {
  if (!readSystemIds(db).has('k8s-api-server')) {
    log.info('external_ids:k8s-api-server is not set: no services are followed, everything else is done');
  }
}

function registerCommands(daemon: Daemon, controller: Controller, channel: FlowChannel): void {
  const status = (): Status => ({
    state: controller.currentState,
    synced: controller.synced,
    problems: controller.problems,
    totals: controller.totals,
  });
  daemon.register('status', '[--json]', 0, 1, ([option]) =>
    isJson(option) ? statusJson(status()) : formatStatus(status()),
  );
  daemon.register('demux/show', '[--json]', 0, 1, async ([option]) => {
    const installed = await channel.readFlows();
    return isJson(option) ? countersJson(installed) : formatCounters(installed);
  });
  daemon.register('flow/sync', '', 0, 0, async () => {
    await controller.syncNow();
    return 'flows are in place';
  });
}

function isJson(option: string | undefined): boolean {
  if (option === undefined || option === '--json') return option === '--json';
  throw new ProductError('ERR_ARGUMENTS', `unknown argument ${option}; only --json is known`);
}
