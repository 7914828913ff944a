import type { Log } from '../../daemon/log.js';
import type { Problems } from '../../daemon/problems.js';
import type { Source } from '../../daemon/source.js';
import type { ApiAccess } from '../../kube/access.js';
import { KubeApi } from '../../kube/api.js';
import { ApiFollower, type ApiSettings } from '../../kube/api_follower.js';
import { SERVICE, type Service } from '../../kube/kinds.js';
import { NODES, NodeSource } from '../../kube/nodes.js';
import { Reflector } from '../../kube/reflector.js';
import type { Claim } from '../../net/claims.js';
import type { Exposure } from '../state_exposure.js';
import type { HostPortBook } from '../state_host_ports.js';
import { ServiceBook } from '../state_services.js';
import { HostPodSource } from './host_pods.js';

const SERVICES = '/api/v1/services';

export interface ServiceSourceOptions extends ApiSettings {
  /** Returns the name of this node; `undefined` before `gateway-init`. */
  readonly node: () => string | undefined;
  readonly problems: Problems;
  readonly changed: () => void;
  readonly log: Log;
}

/** Follows what the API server's services expose. Keeps the last known services while the server is away. */
export class ServiceSource implements Source {
  private readonly follower: ApiFollower;
  private reflector: Reflector<Service> | undefined;
  private services = new ServiceBook();
  private nodes: NodeSource | undefined;
  private pods: HostPodSource | undefined;
  private api: URL | undefined;
  private failure: string | undefined;
  private isReported = true;

  constructor(private readonly options: ServiceSourceOptions) {
    this.follower = new ApiFollower({
      ...options,
      restart: () => this.restart(undefined),
      follow: (access, over) => this.followServer(access, over),
      isAnswering: () => this.reflector?.problem === undefined,
      failed: (failure) => {
        if (failure === this.failure) return;
        this.failure = failure;
        this.change();
      },
    });
  }

  /** Whether an API server is configured. */
  get isConfigured(): boolean {
    return this.follower.isConfigured;
  }

  /**
   * Takes what changed since the last call, writes the problems if they may differ, and returns all that services
   * expose; `undefined` until the first list is here.
   */
  take(): Exposure | undefined {
    if (!this.isReported) {
      this.isReported = true;
      const failures = this.failure === undefined ? [] : [this.failure];
      const ofPods = this.pods?.book.problems ?? [];
      this.options.problems.set('services', [...failures, ...this.services.problems, ...ofPods]);
    }
    return this.reflector?.hasSynced ? this.services.take() : undefined;
  }

  /** The services, as far as they are known. */
  get book(): ServiceBook {
    return this.services;
  }

  /** The addresses of the cluster's nodes, the same list until one changes; `undefined` until the first list is here. */
  get nodeClaims(): readonly Claim[] | undefined {
    return this.nodes?.hasSynced === true ? this.nodes.claims : undefined;
  }

  /** The host ports of the node's pods; `undefined` until the first list is here. */
  get hostPorts(): HostPortBook | undefined {
    return this.pods?.isKnown === true ? this.pods.book : undefined;
  }

  /** The address of the API server that is followed. */
  get server(): URL | undefined {
    return this.api;
  }

  async run(signal: AbortSignal): Promise<void> {
    await this.follower.run(signal);
  }

  private async followServer(access: ApiAccess, signal: AbortSignal): Promise<void> {
    const { log, problems, settings, node } = this.options;
    const api = new KubeApi(access);
    const book = new ServiceBook();
    const reflector: Reflector<Service> = new Reflector({
      api,
      path: SERVICES,
      shape: SERVICE,
      changed: (key) => {
        book.put(key, reflector.objects.get(key));
        this.change();
      },
      listed: (count) => {
        log.info(`${api.name}: ${count} services listed`);
        this.change();
      },
      log,
      problems,
    });
    const nodes = new NodeSource({ api, log, problems, changed: () => this.change() });
    const pods = new HostPodSource({ api, settings, node, log, problems, changed: () => this.change() });
    this.restart(reflector, book, nodes, pods);
    this.api = access.server;
    try {
      await Promise.all([reflector.run(signal), nodes.run(signal), pods.run(signal)]);
    } finally {
      problems.set(SERVICES, []);
      problems.set(NODES, []);
      api.close();
    }
  }

  private restart(
    reflector: Reflector<Service> | undefined,
    book = new ServiceBook(),
    nodes?: NodeSource,
    pods?: HostPodSource,
  ): void {
    this.reflector = reflector;
    this.services = book;
    this.nodes = nodes;
    this.pods = pods;
    this.failure = undefined;
    this.change();
  }

  private change(): void {
    this.isReported = false;
    this.options.changed();
  }
}
