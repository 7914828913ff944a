import type { Log } from '../../daemon/log.js';
import type { Problems } from '../../daemon/problems.js';
import type { Source } from '../../daemon/source.js';
import {
  type AccessOptions,
  type ApiAccess,
  accessSettings,
  findAccess,
  isConfigured,
} from '../../kube/access.js';
import { KubeApi } from '../../kube/api.js';
import { SERVICE, type Service } from '../../kube/kinds.js';
import { NODES, NodeSource } from '../../kube/nodes.js';
import { whileReached } from '../../kube/reached.js';
import { Reflector } from '../../kube/reflector.js';
import type { Claim } from '../../net/claims.js';
import { explainError } from '../../net/errors.js';
import { followSetting, type SystemSettings } from '../../switch/system_settings.js';
import type { Exposure } from '../state_exposure.js';
import { ServiceBook } from '../state_services.js';

const SERVICES = '/api/v1/services';

export interface ServiceSourceOptions extends Omit<AccessOptions, 'systemIds'> {
  readonly settings: SystemSettings;
  readonly problems: Problems;
  readonly changed: () => void;
  readonly log: Log;
}

/** Follows what the API server's services expose. Keeps the last known services while the server is away. */
export class ServiceSource implements Source {
  private reflector: Reflector<Service> | undefined;
  private services = new ServiceBook();
  private nodes: NodeSource | undefined;
  private api: URL | undefined;
  private failure: string | undefined;
  private isReported = true;

  constructor(private readonly options: ServiceSourceOptions) {}

  /** Whether an API server is configured. */
  get isConfigured(): boolean {
    return isConfigured(this.access());
  }

  /**
   * Takes what changed since the last call, writes the problems if they may differ, and returns all that services
   * expose; `undefined` until the first list is here.
   */
  take(): Exposure | undefined {
    if (!this.isReported) {
      this.isReported = true;
      const failures = this.failure === undefined ? [] : [this.failure];
      this.options.problems.set('services', [...failures, ...this.services.problems]);
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

  /** The address of the API server that is followed. */
  get server(): URL | undefined {
    return this.api;
  }

  async run(signal: AbortSignal): Promise<void> {
    await followSetting(this.options.settings, accessSettings, (_, over) => this.follow(over), signal);
  }

  /** Follows whichever API server the settings name until `signal` is aborted. */
  private async follow(signal: AbortSignal): Promise<void> {
    this.restart(undefined);
    if (!this.isConfigured) {
      this.options.log.info(
        'external_ids:k8s-api-server is not set: no services are followed, everything else is done',
      );
      return;
    }
    await whileReached(
      {
        find: () => findAccess(this.access()),
        isAnswering: () => this.reflector?.problem === undefined,
        failed: (error) => {
          const failure = explainError(error);
          if (failure === this.failure) return;
          this.failure = failure;
          this.change();
        },
        signal,
      },
      (access, over) => this.followServer(access, over),
    );
  }

  private async followServer(access: ApiAccess, signal: AbortSignal): Promise<void> {
    const { log, problems } = this.options;
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
    this.restart(reflector, book, nodes);
    this.api = access.server;
    try {
      await Promise.all([reflector.run(signal), nodes.run(signal)]);
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
  ): void {
    this.reflector = reflector;
    this.services = book;
    this.nodes = nodes;
    this.failure = undefined;
    this.change();
  }

  private change(): void {
    this.isReported = false;
    this.options.changed();
  }

  private access(): AccessOptions {
    const { settings, kubeconfig, sysconf, env } = this.options;
    return { kubeconfig, systemIds: settings.read(), sysconf, env };
  }
}
