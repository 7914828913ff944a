import type { Log } from '../daemon/log.js';
import { Loop } from '../daemon/loop.js';
import { Problems } from '../daemon/problems.js';
import type { ApiAccess } from '../kube/access.js';
import { KubeApi } from '../kube/api.js';
import { EndpointSource } from '../kube/endpoint_source.js';
import { apiServer } from '../kube/server_addresses.js';
import type { Cidr } from '../net/cidr.js';
import type { Northbound } from '../ovn/connection.js';
import type { SystemSettings } from '../switch/system_settings.js';
import { Annotator } from './apply_annotations.js';
import { EventWriter } from './apply_events.js';
import { NorthboundKeeper } from './northbound_keeper.js';
import type { WatcherReport } from './report/status.js';
import { GuardSource } from './sources/guard.js';
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
    const guard = new GuardSource({
      ...{ api, settings, allowed, log, problems },
      apiServer: apiServer(access.server),
      changed: this.loop.ring,
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
    this.guard = guard;
  }

  /** Whether the API server answers. */
  get isAnswering(): boolean {
    return [this.pods, this.services, this.endpoints].every(({ problem }) => problem === undefined);
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
    const { northbound, pods, services, endpoints, annotator, events, guard, loop, keeper } = this;
    try {
      const running = [northbound, pods, services, endpoints, annotator, events, guard].map((one) =>
        one.run(signal),
      );
      await Promise.all([...running, loop.run(keeper, signal)]);
    } finally {
      this.nb.close();
      this.api.close();
    }
  }
}
