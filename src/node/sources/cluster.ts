import type { Log } from '../../daemon/log.js';
import type { Problems } from '../../daemon/problems.js';
import type { Source } from '../../daemon/source.js';
import type { ApiAccess } from '../../kube/access.js';
import { KubeApi } from '../../kube/api.js';
import { ApiFollower, type ApiSettings } from '../../kube/api_follower.js';
import { EndpointSource } from '../../kube/endpoint_source.js';
import { type Pod, SERVICE, type Service } from '../../kube/kinds.js';
import { PODS, podsOfNode } from '../../kube/node_pods.js';
import { NODES, NodeSource } from '../../kube/nodes.js';
import { Reflector } from '../../kube/reflector.js';
import { podOwner } from '../../kube/seniority.js';
import type { Claim } from '../../net/claims.js';
import { followSetting } from '../../switch/system_settings.js';
import { ClaimBook } from '../state_claims.js';
import { HealthBook } from '../state_health.js';
import { podClaims } from '../state_pod_claims.js';
import { serviceClaims } from '../state_service_claims.js';

const SERVICES = '/api/v1/services';
const API_SERVER = 'API server';

export interface ClusterSourceOptions extends ApiSettings {
  /** Returns the name of this node; `undefined` before `minion-init`. */
  readonly node: () => string | undefined;
  readonly problems: Problems;
  readonly changed: () => void;
  readonly log: Log;
}

/** What is followed at one API server. */
interface Followed {
  readonly server: URL;
  readonly services: Reflector<Service>;
  readonly nodes: NodeSource;
  /** `undefined` while the name of this node is not known. */
  readonly pods: Reflector<Pod> | undefined;
  readonly health: HealthBook;
  /** Followed only if a service has a health check's port. */
  readonly endpoints: EndpointSource;
}

/**
 * The services of the cluster, the pods of this node and the addresses of all nodes. Keeps the last known ones while the
 * server is away.
 */
export class ClusterSource implements Source {
  private readonly follower: ApiFollower;
  private followed: Followed | undefined;
  private serviceBook = new ClaimBook(serviceClaims);
  private podBook = new ClaimBook(podClaims);

  constructor(private readonly options: ClusterSourceOptions) {
    this.follower = new ApiFollower({
      ...options,
      restart: () => this.restart(undefined),
      follow: (access, over) => this.follow(access, over),
      isAnswering: () => this.followed?.services.problem === undefined,
      failed: (failure) => options.problems.set(API_SERVER, [failure]),
    });
  }

  /** Whether an API server is configured. */
  get isConfigured(): boolean {
    return this.follower.isConfigured;
  }

  /** What the host translates for services; `undefined` until the first list is complete. */
  get services(): ClaimBook<Service> | undefined {
    return this.followed?.services.hasSynced === true ? this.serviceBook : undefined;
  }

  /** What the host translates for this node's pods; `undefined` until the first list is complete. */
  get pods(): ClaimBook<Pod> | undefined {
    return this.followed?.pods?.hasSynced === true ? this.podBook : undefined;
  }

  /** Which services have a health check's port, and the endpoints; `undefined` until both are known. */
  get health(): { readonly book: HealthBook; readonly endpoints: EndpointSource } | undefined {
    const { services, health: book, endpoints } = this.followed ?? {};
    if (services?.hasSynced !== true || book === undefined || endpoints === undefined) return undefined;
    return book.isNeeded && !endpoints.hasSynced ? undefined : { book, endpoints };
  }

  /** The addresses of the cluster's nodes, the same list until one changes; `undefined` until the first list is here. */
  get nodeClaims(): readonly Claim[] | undefined {
    return this.followed?.nodes.hasSynced === true ? this.followed.nodes.claims : undefined;
  }

  /** The address of the API server that is followed. */
  get server(): URL | undefined {
    return this.followed?.server;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { settings, node } = this.options;
    await followSetting(settings, node, (_, over) => this.follower.run(over), signal);
  }

  private async follow(access: ApiAccess, signal: AbortSignal): Promise<void> {
    const { log, problems, changed, node } = this.options;
    const api = new KubeApi(access);
    const services = new ClaimBook(serviceClaims);
    const pods = new ClaimBook(podClaims);
    const common = { api, log, problems };
    const listed = () => changed();
    const health = new HealthBook();
    const endpoints = new EndpointSource({ ...common, changed: () => undefined, ring: changed });
    let following: Promise<void> | undefined;
    const reflector: Reflector<Service> = new Reflector({
      ...common,
      ...{ path: SERVICES, shape: SERVICE },
      changed: (key) => {
        const service = reflector.objects.get(key);
        services.put(key, service);
        health.put(key, service);
        if (health.isNeeded) following ??= endpoints.run(signal);
        changed();
      },
      listed: (count) => {
        log.info(`${api.name}: ${count} services listed`);
        changed();
      },
    });
    const name = node();
    const followed: Followed = {
      server: access.server,
      services: reflector,
      nodes: new NodeSource({ ...common, changed }),
      ...{ health, endpoints },
      pods:
        name === undefined
          ? undefined
          : podsOfNode(name, {
              ...common,
              listed,
              changed: (key, pod) => {
                pods.put(podOwner(key), pod);
                changed();
              },
            }),
    };
    this.restart(followed, services, pods);
    try {
      await Promise.all([reflector, followed.nodes, followed.pods].map((one) => one?.run(signal)));
      await following;
    } finally {
      for (const path of [SERVICES, NODES, PODS]) problems.set(path, []);
      api.close();
    }
  }

  private restart(
    followed: Followed | undefined,
    services = new ClaimBook(serviceClaims),
    pods = new ClaimBook(podClaims),
  ): void {
    this.followed = followed;
    this.serviceBook = services;
    this.podBook = pods;
    this.options.problems.set(API_SERVER, []);
    this.options.changed();
  }
}
