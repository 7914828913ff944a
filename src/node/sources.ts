import { askDaemon } from '../daemon/ask.js';
import { directories } from '../daemon/directories.js';
import type { Log } from '../daemon/log.js';
import type { Problems } from '../daemon/problems.js';
import { hasDevice } from '../host/device.js';
import { readDefaultRoutes, readHostAddresses } from '../host/host_addresses.js';
import { HostPortSource } from '../host/host_port_source.js';
import { ADDRESS_EVENTS, KernelSource, ROUTE_EVENTS } from '../host/kernel_source.js';
import { readPolicyRules } from '../host/policy_rules.js';
import { readInterface } from '../host/read_snapshot.js';
import { readRouters } from '../host/routers.js';
import { RulesetSource } from '../host/ruleset_source.js';
import { GuardSource } from '../kube/guard_source.js';
import { flushTracked } from '../openflow/flush_tracked.js';
import { managementInterfaceName } from '../ovn/names.js';
import { NorthboundFollower } from '../ovn/northbound_follower.js';
import { CLAIMING_TABLES } from '../ovn/row_claims.js';
import type { LocalDatabase } from '../switch/connection.js';
import { datapathName } from '../switch/datapath.js';
import { NODE_NAME } from '../switch/external_ids.js';
import { integrationBridge } from '../switch/integration_bridge.js';
import { systemSettings } from '../switch/system_settings.js';
import { HOST_TABLES } from './apply_northbound.js';
import { ConnectionKeeper } from './connection_keeper.js';
import type { NodeDaemonOptions } from './options.js';
import { ClusterSource } from './sources/cluster.js';

/** How long the switch may take to answer, in milliseconds. */
const ANSWER_MS = 5_000;

/** Everything that the node's daemon follows. */
export type Sources = ReturnType<typeof makeSources>;

export interface SourcesContext {
  readonly db: LocalDatabase;
  readonly problems: Problems;
  readonly log: Log;
  /** Asks for a step: a source changed. */
  readonly changed: () => void;
  /** Asks for a step that looks at the nft table: somebody changed rules of nftables. */
  readonly rulesChanged: () => void;
}

/** Makes the sources; none follows anything until it is run. */
export function makeSources(
  options: NodeDaemonOptions,
  { db, problems, log, changed, rulesChanged }: SourcesContext,
) {
  const { sysconf, run: rundir } = directories(process.env);
  const { kubeconfig, allowed, hasSpeaker } = options;
  const settings = systemSettings(db);
  const node = () => options.node ?? settings.read().get(NODE_NAME);
  const api = { settings, kubeconfig, sysconf, env: process.env };
  const cluster = new ClusterSource({ ...api, node, problems, log, changed });
  const tables = [...new Set([...CLAIMING_TABLES, ...HOST_TABLES, 'Load_Balancer' as const])];
  const northbound = new NorthboundFollower({
    ...{ settings, sysconf, tables, problems },
    conditions: { Load_Balancer: [['protocol', '==', 'udp']] },
    changed: () => {
      connections.ring();
      changed();
    },
  });
  const bridge = () => integrationBridge(settings.read());
  const connections: ConnectionKeeper = new ConnectionKeeper({
    problems,
    rows: () => northbound.database?.table('Load_Balancer'),
    dump: () => {
      const datapath = datapathName(db, bridge());
      const vswitchd = { program: 'ovs-vswitchd', rundir, timeoutMs: ANSWER_MS };
      return askDaemon(vswitchd, 'dpctl/dump-conntrack', [datapath]);
    },
    flush: (tuples) => flushTracked({ bridge: bridge(), rundir }, tuples),
  });
  return {
    settings,
    node,
    cluster,
    guard: new GuardSource({
      ...{ settings, allowed, hasSpeaker, problems, changed },
      server: () => cluster.server,
    }),
    northbound,
    connections,
    routers: new KernelSource({
      ...{ name: 'default routers', groups: ROUTE_EVENTS, readsAtOnce: true, problems, changed },
      read: () => readRouters(undefined),
    }),
    hostPorts: new HostPortSource({ problems, changed }),
    ruleset: new RulesetSource({ problems, changed: rulesChanged }),
    addresses: new KernelSource({
      ...{ name: 'addresses', groups: ADDRESS_EVENTS, problems, changed },
      read: async () => ({ addresses: await readHostAddresses(), defaultRoutes: await readDefaultRoutes() }),
    }),
    port: new KernelSource({
      ...{ name: 'management port', problems, changed },
      groups: [...ADDRESS_EVENTS, 'ipv4-route', 'ipv6-route', 'ipv4-rule', 'ipv6-rule'],
      read: () => readPort(node()),
    }),
  };
}

/** Reads what the kernel has of `k8s-NODE`; `undefined` while there is no such interface. */
async function readPort(node: string | undefined) {
  const device = node === undefined ? undefined : managementInterfaceName(node);
  if (device === undefined || !hasDevice(device)) return undefined;
  const [port, rules] = await Promise.all([readInterface(device), readPolicyRules()]);
  return { port, rules };
}
