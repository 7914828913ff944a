import { Kept } from '../daemon/kept.js';
import type { Log } from '../daemon/log.js';
import type { LoopWork } from '../daemon/loop.js';
import { Memo } from '../daemon/memo.js';
import type { Problems } from '../daemon/problems.js';
import type { HostPorts } from '../host/host_port_source.js';
import type { KubeObject } from '../kube/objects.js';
import type { Claim } from '../net/claims.js';
import type { IpAddress } from '../net/ip.js';
import type { Northbound } from '../ovn/connection.js';
import { readGateways } from '../ovn/gateways.js';
import { gatewayRouterName } from '../ovn/names.js';
import { readNodeHosts } from '../ovn/node_hosts.js';
import { rowClaims } from '../ovn/row_claims.js';
import type { LocalDatabase } from '../switch/connection.js';
import { OVN_NB, OVN_REMOTE } from '../switch/external_ids.js';
import type { HealthServers } from './apply_health.js';
import { clusterAddresses, type NorthboundHost } from './apply_northbound.js';
import { applyPort } from './apply_routes.js';
import type { TranslatedUdp } from './apply_translations.js';
import { firstOfEach, type HostFacts, hostAddresses } from './desired_host_addresses.js';
import { tableRules } from './desired_table.js';
import type { NodeDaemonOptions } from './options.js';
import type { Sources } from './sources.js';
import type { ClaimBook, Judge } from './state_claims.js';
import { forwardingProblems } from './state_forwarding.js';
import { answeringOf, ownAddresses, readHostFacts } from './state_host.js';
import { type NodeState, readNodeState } from './state_node.js';
import { type ServedAddresses, servedAddresses } from './state_served.js';
import { serverPorts } from './state_server_ports.js';
import { type Part, TableSets } from './state_sets.js';
import type { TableKeeper } from './table_keeper.js';

export interface StepContext {
  readonly options: Pick<NodeDaemonOptions, 'node' | 'nodePorts' | 'nodePortAddresses' | 'hasSpeaker'>;
  readonly db: LocalDatabase;
  readonly sources: Sources;
  readonly keeper: TableKeeper;
  readonly translated: TranslatedUdp;
  readonly host: NorthboundHost;
  readonly health: HealthServers;
  readonly problems: Problems;
  readonly log: Log;
}

/** Each of so many audits reads all elements of the table, which takes 0.3 s of CPU for 10,000 services. */
const WHOLE = 6;

/** Returns the work of the daemon's loop: reads the sources, computes what this host should have, and applies it. */
export function nodeWork(context: StepContext): LoopWork {
  const { options, db, sources, keeper, translated, host, health, problems, log } = context;
  const { settings, cluster, guard, northbound, routers, addresses, port, hostPorts } = sources;
  const own = new Memo(ownAddresses);
  const rules = new Memo((text: string) => tableRules(JSON.parse(text)));
  const keptClaims = new Kept<readonly Claim[]>([]);
  const claims = new Memo((_revision: number, nb: Northbound) => keptClaims.keep(rowClaims(nb)));
  const keptServed = new Kept<ServedAddresses>('all');
  const served = new Memo((_revision: number, nb: Northbound) =>
    keptServed.keep(options.hasSpeaker ? 'all' : servedAddresses(nb)),
  );
  const keptNodes = new Kept<readonly IpAddress[]>([]);
  const nodes = new Memo((_revision: number, nb: Northbound, mine: readonly IpAddress[]) => {
    const answering =
      options.nodePorts === 'all'
        ? [...mine, ...readNodeHosts(nb).flatMap((one) => one.addresses)]
        : readGateways(nb, () => {}).flatMap(({ physical }) => physical);
    return keptNodes.keep(answeringOf([...new Set(answering)], options.nodePortAddresses));
  });
  const answering = new Memo((mine: readonly IpAddress[]) => answeringOf(mine, options.nodePortAddresses));
  const listeners = new Memo(listenersOf);
  const servers = new Memo((entries: string) => new Map<string, string>(JSON.parse(entries)));
  const tableSets = new TableSets();
  let audits = 0;

  /** Returns what the host ports of pods translate, once it is known which of them the host uses itself. */
  const podPart = () => {
    const ports = hostPorts.portsFor(cluster.pods?.hostPorts ?? []);
    const isKnown = cluster.pods?.hostPorts.length === 0 || ports !== undefined;
    return isKnown
      ? partOf(cluster.pods, { guard: undefined, listeners: ports && listeners.get(ports) })
      : undefined;
  };

  /** Returns what services are judged by. */
  const serviceJudge = (nb: Northbound, guard: Judge['guard'], known: readonly IpAddress[]): Judge => {
    const ids = settings.read();
    const facts = {
      api: cluster.server?.href,
      nb: ids.get(OVN_NB),
      remote: ids.get(OVN_REMOTE),
      nodes: known,
    };
    return {
      guard,
      served: served.get(northbound.revision, nb),
      listeners: servers.get(JSON.stringify([...serverPorts(facts)])),
    };
  };

  /** Makes the nft table right. */
  const keepTable = async (nb: Northbound, state: NodeState, facts: HostFacts) => {
    const judge = guard.guard({
      nodes: cluster.nodeClaims,
      rows: claims.get(northbound.revision, nb),
      routers: routers.value,
      local: facts.addresses,
    });
    const mine = own.get(facts.addresses, state.device);
    const known = nodes.get(northbound.revision, nb, mine);
    const first = firstOfEach(hostAddresses(facts, clusterAddresses(nb, state.clusterSubnets)));
    const desired = tableSets.take({
      own: mine,
      answering: answering.get(mine),
      nodes: known,
      services: cluster.isConfigured
        ? judge && partOf(cluster.services, serviceJudge(nb, judge, known))
        : NOTHING,
      pods: cluster.isConfigured ? podPart() : NOTHING,
      answersNodePorts: answersNodePorts(nb, state),
    });
    const changed = await keeper.keep({ rules: rules.get(JSON.stringify({ state, first })), ...desired });
    await translated.end(changed, desired.sets);
    problems.set('forwarding', forwardingProblems(state.subnets.map(({ family }) => family)));
    problems.set('services', cluster.services?.problems ?? []);
    problems.set('pods', cluster.pods?.problems ?? []);
  };

  const answersNodePorts = (nb: Northbound, { node }: NodeState) =>
    options.nodePorts === 'all' || hasRouter(nb, gatewayRouterName(node));

  /** Answers the load balancers in front of the nodes. */
  const keepHealth = async (nb: Northbound, state: NodeState) => {
    const known = cluster.health;
    if (known === undefined) return;
    const { book, endpoints } = known;
    const isAsked = answersNodePorts(nb, state);
    await health.keep(isAsked ? book.checks(state.node, (service) => endpoints.of(service)) : new Map());
    problems.set('health check ports', book.problems);
  };

  /** Makes the addresses and routes of `k8s-NODE` right. */
  const keepPort = async (state: NodeState) => {
    const actual = port.value;
    problems.set('interface', actual === undefined ? [missing(state.device)] : []);
    // What was changed is read again, so that the next step does not change it once more.
    if (actual !== undefined && (await applyPort(actual, state, log))) await port.read();
  };

  return {
    async step() {
      const nb = northbound.database;
      const read = readNodeState({ name: options.node, systemIds: settings.read(), nb });
      problems.set('node', read.problems);
      const { state } = read;
      const { value } = addresses;
      if (nb === undefined || state === undefined || value === undefined) return;
      const facts = readHostFacts(value, db, state.device);
      // One part that fails keeps no other from being right.
      const parts = [
        ...[keepTable(nb, state, facts), keepPort(state)],
        ...[host.apply(nb, state, facts), keepHealth(nb, state)],
      ];
      for (const part of await Promise.allSettled(parts)) if (part.status === 'rejected') throw part.reason;
    },

    audit() {
      audits++;
      const isWhole = audits % WHOLE === 0;
      keeper.audit({ elements: isWhole });
      if (isWhole) hostPorts.look();
    },
  };
}

const NOTHING: Part = { sets: new Map(), changes: [] };

function partOf<T extends KubeObject>(book: ClaimBook<T> | undefined, judge: Judge): Part | undefined {
  return book && { sets: book.sets, changes: book.decide(judge) };
}

/** Returns which program listens on which port of the host. */
function listenersOf(ports: HostPorts): ReadonlyMap<string, string> {
  const listening = ports.sockets.filter(({ isListening }) => isListening);
  return new Map(listening.map(({ protocol, port, text }) => [`${protocol} ${port}`, `${protocol} ${text}`]));
}

function hasRouter(nb: Northbound, router: string): boolean {
  return nb.find('Logical_Router', ({ name }) => name === router) !== undefined;
}

function missing(device: string): string {
  return `there is no interface ${device}; start ovs-vswitchd, or run ovn-k8s-overlay minion-init`;
}
