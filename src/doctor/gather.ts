import { join } from 'node:path';
import { askDaemon } from '../daemon/ask.js';
import type { Directories } from '../daemon/directories.js';
import { GATEWAY_HELPER, NODE_DAEMON, WATCHER } from '../daemon/programs.js';
import { readAddresses } from '../host/addresses.js';
import { readEphemeralRange } from '../host/ephemeral_ports.js';
import { hasKernelDatapath } from '../host/kernel_datapath.js';
import { readHostSockets } from '../host/sockets.js';
import { isConfigured } from '../kube/access.js';
import { isInterfaceName } from '../net/interface_name.js';
import { readReservedPorts } from '../overlay/host_ports.js';
import { connectNorthbound } from '../ovn/connection.js';
import { managementInterfaceName } from '../ovn/names.js';
import { serverName } from '../ovn/tls.js';
import { readBridge } from '../switch/bridge_facts.js';
import { connectLocalDatabase, type LocalDatabase } from '../switch/connection.js';
import { OVN_REMOTE, requireSystemId } from '../switch/external_ids.js';
import { readCertificates } from './facts/certificates.js';
import { programs, readDaemon } from './facts/daemons.js';
import type { Echo, Facts, FlowFacts, LocalSwitch, Northbound } from './facts/facts.js';
import { readSwitchFlows } from './facts/flows.js';
import { readHelper } from './facts/helper.js';
import { readNode, readServiceIps } from './facts/kubernetes.js';
import { readLinkFacts } from './facts/links.js';
import { readLocalSwitch } from './facts/local.js';
import { readLastErrors } from './facts/logs.js';
import { readNetfilter } from './facts/netfilter.js';
import { readNorthbound } from './facts/northbound.js';
import { readOffloads } from './facts/offloads.js';
import { readRoutesBy } from './facts/routes.js';
import { connectSouthbound, readSouthbound } from './facts/southbound.js';
import { ask, type Known, unknown } from './known.js';
import { neededPrograms, nodeName, physicalOf, sharedBridges } from './node.js';

/** How and where to gather facts. */
export interface GatherOptions {
  /** The local database. */
  readonly db: string;
  /** How long any one fact may take, in milliseconds. */
  readonly timeoutMs: number;
  readonly directories: Directories;
  readonly env: NodeJS.ProcessEnv;
  readonly now: () => Date;
  /** Sends ICMP echo requests to the management ports of other nodes. */
  readonly echo: (northbound: Northbound, own: string | undefined, timeoutMs: number) => Promise<Echo[]>;
}

/** Extra time for a database, in milliseconds: its client's own timeout then comes first, and its error says more. */
const GRACE_MS = 500;

/** Gathers all facts, concurrently except where one needs another. */
export async function gatherFacts(options: GatherOptions): Promise<Facts> {
  const { db, timeoutMs, directories, env, now } = options;
  const patient = timeoutMs + GRACE_MS;
  const [links, ports, netfilter] = [
    ask('ip', timeoutMs, () => readLinkFacts(timeoutMs)),
    ask('ss', timeoutMs, async () => ({
      ephemeral: readEphemeralRange(),
      reserved: readReservedPorts(),
      sockets: await readHostSockets(),
    })),
    ask('nft', timeoutMs, () => readNetfilter(timeoutMs)),
  ];
  const client = await ask('the local database', patient, () => connectLocalDatabase(db, timeoutMs));
  try {
    const local: Known<LocalSwitch> = client.isKnown
      ? { ...client, value: readLocalSwitch(client.value, await hasKernelDatapath()) }
      : client;
    const ids = local.isKnown ? local.value.externalIds : new Map<string, string>();
    const own = local.isKnown ? nodeName(local.value) : undefined;
    const needed = neededPrograms(local, await links);
    const northbound = ask('OVN_Northbound', patient, () => askNorthbound(ids, timeoutMs));
    const access = { systemIds: ids, sysconf: directories.sysconf, env };
    const [
      echoes,
      southbound,
      offloads,
      flows,
      daemons,
      controllerConnection,
      logs,
      helper,
      kubernetes,
      services,
      routes,
    ] = await Promise.all([
      northbound.then((nb) =>
        nb.isKnown ? ask('ICMP', patient, () => options.echo(nb.value, own, timeoutMs)) : nb,
      ),
      ask('OVN_Southbound', patient, () => askSouthbound(ids, directories, timeoutMs)),
      askOffloads(local, timeoutMs),
      client.isKnown && local.isKnown ? askFlows(client.value, local.value, directories, timeoutMs) : [],
      Promise.all(programs(directories, needed).map((one) => readDaemon(one, timeoutMs))),
      ask('ovn-controller', timeoutMs, () => askController(directories.ovnRun, timeoutMs)),
      askLogs(directories, timeoutMs),
      ask(GATEWAY_HELPER, timeoutMs, () => readHelper(directories.run, timeoutMs)),
      isConfigured(access)
        ? ask("Kubernetes' API server", timeoutMs, () => readNode(own, access))
        : undefined,
      isConfigured(access)
        ? ask("Kubernetes' API server", timeoutMs, () => readServiceIps(access, timeoutMs))
        : undefined,
      ask('ip', timeoutMs, async () => (own === undefined ? [] : readRoutesBy(managementInterfaceName(own)))),
    ]);
    return {
      now: now(),
      local,
      northbound: await northbound,
      southbound,
      kubernetes,
      services,
      routes,
      certificates: await readCertificates(directories.sysconf),
      links: await links,
      ports: await ports,
      netfilter: await netfilter,
      offloads,
      daemons,
      controllerConnection,
      logs,
      flows,
      helper,
      echoes,
    };
  } finally {
    if (client.isKnown) client.value.close();
  }
}

async function askNorthbound(ids: ReadonlyMap<string, string>, timeoutMs: number): Promise<Northbound> {
  const nb = await connectNorthbound(ids, timeoutMs);
  try {
    return readNorthbound(nb);
  } finally {
    nb.close();
  }
}

async function askSouthbound(ids: ReadonlyMap<string, string>, { sysconf }: Directories, timeoutMs: number) {
  const remotes = requireSystemId(ids, OVN_REMOTE, 'tcp:CENTRAL:6642');
  const sb = await connectSouthbound(remotes, { sysconf, name: serverName(ids, OVN_REMOTE) }, timeoutMs);
  try {
    return readSouthbound(sb);
  } finally {
    sb.close();
  }
}

async function askController(ovnRun: string, timeoutMs: number): Promise<string> {
  return (
    await askDaemon({ program: 'ovn-controller', rundir: ovnRun, timeoutMs }, 'connection-status')
  ).trim();
}

/** Reads the offloads of all bridges' NICs, which carry tunnels and gateways. */
async function askOffloads(local: Known<LocalSwitch>, timeoutMs: number): Promise<Facts['offloads']> {
  const nics = local.isKnown ? local.value.bridges.flatMap((bridge) => physicalOf(bridge)?.name ?? []) : [];
  // The names are arguments and parts of paths, and a database takes any text.
  const answers = nics
    .filter(isInterfaceName)
    .map(async (nic) => [nic, await ask('ethtool', timeoutMs, () => readOffloads(nic, timeoutMs))] as const);
  return new Map(await Promise.all(answers));
}

function askFlows(
  db: LocalDatabase,
  local: LocalSwitch,
  { run }: Directories,
  timeoutMs: number,
): Promise<FlowFacts[]> {
  const facts = sharedBridges(local).flatMap((shared) => {
    const bridge = readBridge(db, shared.name);
    if (bridge === undefined || !isInterfaceName(shared.name)) return [];
    return [
      Promise.all([
        ask('ip', timeoutMs, () => readAddresses(shared.name)),
        ask('ovs-ofctl', timeoutMs, () => readSwitchFlows(shared.name, run, timeoutMs)),
      ]).then(([addresses, answer]) => ({
        bridge,
        physicalInterface: physicalOf(shared)?.name,
        localAddresses: addresses.isKnown ? addresses.value : [],
        switch: addresses.isKnown ? answer : unknown(addresses.why),
      })),
    ];
  });
  return Promise.all(facts);
}

function askLogs({ log, packageLog, ovnLog }: Directories, timeoutMs: number): Promise<Facts['logs']> {
  const inFolder = (folder: string, programs: readonly string[]) =>
    programs.map((program) => ({ program, path: join(folder, `${program}.log`) }));
  const ours = [GATEWAY_HELPER, NODE_DAEMON, WATCHER];
  const files = [
    ...inFolder(log, ['ovsdb-server', 'ovs-vswitchd', ...ours]),
    ...(packageLog === log ? [] : inFolder(packageLog, ours)),
    ...inFolder(ovnLog, ['ovn-controller', 'ovn-northd', 'ovsdb-server-nb', 'ovsdb-server-sb']),
  ];
  return Promise.all(
    files.map(async (file) => ({
      ...file,
      errors: await ask(file.path, timeoutMs, () => readLastErrors(file.path)),
    })),
  );
}
