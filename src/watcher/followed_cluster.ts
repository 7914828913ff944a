import { setMaxListeners } from 'node:events';
import type { Log } from '../daemon/log.js';
import { Loop } from '../daemon/loop.js';
import { Problems } from '../daemon/problems.js';
import type { ApiAccess } from '../kube/access.js';
import { KubeApi } from '../kube/api.js';
import { EndpointSource } from '../kube/endpoint_source.js';
import { GuardSource } from '../kube/guard_source.js';
import { NodeSource } from '../kube/nodes.js';
import type { Cidr } from '../net/cidr.js';
import type { Northbound } from '../ovn/connection.js';
import type { SystemSettings } from '../switch/system_settings.js';
import { Annotator } from './apply_annotations.js';
import { EventWriter } from './apply_events.js';
import { NorthboundKeeper } from './northbound_keeper.js';
import type { WatcherReport } from './report/status.js';
import { NorthboundSource } from './sources/northbound.js';
import { PodSource } from './sources/pods.js';
import { ServiceSource } from './sources/services.js';
import { Changes } from './state_changes.js';

/** Connections to the API server: 16 annotations at a time, an Event, four watches, and lists. */
const SOCKETS = 24;
/** Milliseconds between two audits. An audit checks everything without an event. */
const AUDIT_MS = 60_000;
/** The wait after a failed step. */
const RETRY = { firstMs: 1_000 };
/** More than there are sources; a leak has more. */
const MAX_LISTENERS = 32;

export interface FollowedOptions {
  readonly settings: SystemSettings;
  /** `--external-ip-cidrs`. */
  readonly allowed: readonly Cidr[] | undefined;
  readonly log: Log;
}

/** One API server and one northbound database: the sources that follow them, and the loop that keeps the rows right. */
export class FollowedCluster {
  private readonly api: KubeApi;
  private readonly problems: Problems;
  private readonly loop: Loop;
  private readonly pods: PodSource;
  private readonly services: ServiceSource;
  private readonly endpoints: EndpointSource;
  private readonly northbound: NorthboundSource;
  private readonly annotator: Annotator;
  private readonly events: EventWriter;
  private readonly nodes: NodeSource;
  private readonly guard: GuardSource;
  private readonly keeper: NorthboundKeeper;

  constructor(
    access: ApiAccess,
    private readonly nb: Northbound,
    { settings, allowed, log }: FollowedOptions,
  ) {
    const api = new KubeApi(access, { sockets: SOCKETS });
    const problems = new Problems(log);
    this.loop = new Loop({ auditMs: AUDIT_MS, retry: RETRY, problems });
    const changes = new Changes(this.loop.ring);
    const options = { api, changes, log, problems };
    const pods = new PodSource(options);
    const services = new ServiceSource(options);
    const endpoints = new EndpointSource({
      ...{ api, log, problems, ring: changes.ring },
      changed: (service) => changes.markService(service),
    });
    this.northbound = new NorthboundSource(nb, changes);
    const { ports, balancers } = this.northbound;
    const annotator = new Annotator({ api, problems });
    const events = new EventWriter({ api, problems, now: () => new Date() });
    const nodes = new NodeSource({ api, log, problems, changed: this.loop.ring });
    const guard = new GuardSource({
      ...{ settings, allowed, problems, changed: this.loop.ring },
      server: () => access.server,
      // No traffic to external addresses comes in at the watcher's host as such.
      host: () => [],
    });
    this.keeper = new NorthboundKeeper({
      nb,
      pods,
      services,
      endpoints,
      ports,
      balancers,
      annotator,
      events,
      changes,
      nodes,
      guard,
      problems,
    });
    this.api = api;
    this.problems = problems;
    this.pods = pods;
    this.services = services;
    this.endpoints = endpoints;
    this.annotator = annotator;
    this.events = events;
    this.nodes = nodes;
    this.guard = guard;
  }

  /** Whether the API server answers. */
  get isAnswering(): boolean {
    return [this.pods, this.services, this.endpoints].every(({ problem }) => problem === undefined);
  }

  /** How long the current step has taken so far, in milliseconds. */
  get stepMs(): number {
    return this.loop.stepMs;
  }

  /** Returns what `status` shows. */
  report(): WatcherReport {
    const { keeper, loop, problems } = this;
    const { steps, failures } = loop.totals;
    return {
      counts: keeper.counts,
      totals: { looks: steps, transactions: keeper.transactions, failures },
      problems: problems.current,
    };
  }

  /** Keeps the rows right until `signal` is aborted; then closes both connections. */
  async run(signal: AbortSignal): Promise<void> {
    const { northbound, pods, services, endpoints, annotator, events, nodes, guard, loop, keeper } = this;
    setMaxListeners(MAX_LISTENERS, signal);
    try {
      const sources = [northbound, pods, services, endpoints, annotator, events, nodes, guard];
      const running = sources.map((one) => one.run(signal));
      await Promise.all([...running, loop.run(keeper, signal)]);
    } finally {
      this.nb.close();
      this.api.close();
    }
  }
}
