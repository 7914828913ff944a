import { directories } from '../daemon/directories.js';
import type { Daemon } from '../daemon/main.js';
import { GATEWAY_HELPER } from '../daemon/programs.js';
import { formatState } from '../demux/state_json.js';
import { ProductError } from '../net/errors.js';
import type { FlowChannel } from '../openflow/channel.js';
import { CHANNELS, type ChannelName } from '../openflow/channels.js';
import { readFlows } from '../openflow/read_flows.js';
import { localPortName } from '../ovn/names.js';
import { connect } from '../ovsdb/client.js';
import { openVswitch } from '../ovsdb/tables/open_vswitch.js';
import { readBridge } from '../switch/bridge_facts.js';
import type { LocalDatabase } from '../switch/connection.js';
import { NODE_NAME, readSystemIds } from '../switch/external_ids.js';
import { integrationBridge } from '../switch/integration_bridge.js';
import { completePatchPair, patchName } from '../switch/patch_pair.js';
import { AddressSource } from './address_source.js';
import { bridgeReader, FOLLOWED_TABLES } from './bridge_source.js';
import { Controller } from './controller.js';
import type { Intent } from './facts.js';
import { formatMetrics } from './metrics.js';
import { Neighbourhood } from './neighbourhood.js';
import { Outside } from './outside.js';
import { RouterSource } from './router_source.js';
import { SnatPortsSource } from './snat_ports_source.js';
import { countersJson, formatCounters, formatStatus, type Status, statusJson } from './status.js';
import { cleanUp } from './switch.js';

export interface HelperOptions extends Intent {
  /** `--flow-channel`: how flows get to the switch. */
  readonly channel: ChannelName;
  /** The local switch's database. */
  readonly db: string;
  readonly timeoutMs: number;
  /** `--kubeconfig`, before what `external_ids` say. */
  readonly kubeconfig: string | undefined;
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

  const channel = CHANNELS[options.channel]({ bridge: options.bridge, rundir });
  const addresses = await AddressSource.open(options.bridge, () => controller.look(), signal);
  const outside = new Outside({
    db,
    bridge: options.bridge,
    kubeconfig: options.kubeconfig,
    sysconf,
    changed: () => controller.look(),
    log,
    signal,
  });

  const bridge = bridgeReader(db, options.bridge);
  const controller: Controller = new Controller({
    intent: options,
    channel,
    log,
    signal,
    learn: () => ({
      bridge: bridge(),
      localAddresses: addresses.addresses,
      services: outside.services,
    }),
    mend: () => mendPatchPair(db, options.bridge),
    otherProblems: () => [
      ...(addresses.problem === undefined ? [] : [addresses.problem]),
      ...outside.problems(controller.currentState),
      ...snatPorts.problems,
      ...neighbourhood.look(controller.synced ? controller.currentState : undefined),
    ],
  });
  const routers = new RouterSource(options.bridge, () => controller.look());
  const neighbourhood = new Neighbourhood({
    physicalInterface: options.physicalInterface,
    routers: () => routers.routers,
    changed: () => controller.look(),
    signal,
  });
  const snatPorts = new SnatPortsSource({
    db,
    bridge: options.bridge,
    rundir,
    addresses: () => controller.currentState?.addresses ?? [],
    changed: () => controller.look(),
    signal,
  });
  db.onChange(controller.look);
  db.onState(controller.look);
  registerCommands(daemon, { controller, channel, snatPorts, neighbourhood });
  daemon.onCleanup(async () => {
    // The loop must not put back what is taken away.
    await controller.stop();
    await cleanUp(channel);
  });

  const looping = controller.run();
  await Promise.race([firstFlows(controller, options), aborted(signal)]);
  if (!signal.aborted) {
    daemon.ready();
    if (!outside.isFollowed)
      log.info('external_ids:k8s-api-server is not set: no services are followed, everything else is done');
    outside.reachOut();
    db.onChange(outside.reachOut);
    void snatPorts.follow();
    neighbourhood.start();
    void routers.follow(signal);
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
  const nics = facts.ports.filter(({ name }) => name !== bridge && name !== patchName(bridge));
  if (!nics.some(({ name }) => name === physicalInterface)) {
    throw new ProductError(
      'ERR_NO_PORT',
      `--physical-interface=${physicalInterface}: is no NIC of ${bridge}, which has ${nics.map(({ name }) => name).join(', ') || 'none'}; ovn-k8s-util nics-to-bridge puts one there`,
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
  const node = readBridge(db, bridge)?.externalIds.get(NODE_NAME);
  if (node === undefined) return;
  const txn = db.transaction(`${GATEWAY_HELPER}: make the patch ports`);
  const integration = integrationBridge(readSystemIds(db));
  completePatchPair(db, txn, {
    bridge,
    integration,
    logicalPort: localPortName(bridge, node),
    isReady: true,
  });
  await txn.commit();
}

function registerCommands(
  daemon: Daemon,
  {
    controller,
    channel,
    snatPorts,
    neighbourhood,
  }: {
    readonly controller: Controller;
    readonly channel: FlowChannel;
    readonly snatPorts: SnatPortsSource;
    readonly neighbourhood: Neighbourhood;
  },
): void {
  const status = async (): Promise<Status> => ({
    fill: await snatPorts.look(),
    state: controller.currentState,
    synced: controller.synced,
    problems: controller.problems,
    totals: controller.totals,
    channel: channel.describe(),
    neighbours: neighbourhood.status,
  });
  daemon.register('status', '[--json]', 0, 1, async ([option]) =>
    isJson(option) ? statusJson(await status()) : formatStatus(await status()),
  );
  daemon.register('metrics/show', '', 0, 0, async () =>
    formatMetrics(await status(), await readFlows(channel)),
  );
  daemon.register('state/show', '', 0, 0, () => {
    const state = controller.currentState;
    if (state === undefined) throw new ProductError('ERR_NO_STATE', 'there is no state yet: see status');
    return formatState(state);
  });
  daemon.register('demux/show', '[--json]', 0, 1, async ([option]) => {
    const installed = await readFlows(channel);
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
