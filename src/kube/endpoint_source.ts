import type { Log } from '../daemon/log.js';
import type { Problems } from '../daemon/problems.js';
import { sleep } from '../daemon/sleep.js';
import type { Source } from '../daemon/source.js';
import { explainError } from '../net/errors.js';
import type { KubeApi } from './api.js';
import { Backoff } from './backoff.js';
import type { Endpoint } from './endpoint_index.js';
import { EndpointIndex } from './endpoint_index.js';
import { readEndpoints, readSlice } from './endpoint_objects.js';
import { ApiError } from './errors.js';
import { ENDPOINTS, type Endpoints, SERVICE_LABEL, SLICE, type Slice } from './kinds.js';
import type { KubeObject } from './objects.js';
import { Reflector } from './reflector.js';
import type { Shape } from './shape.js';

const DISCOVERY = '/apis/discovery.k8s.io/v1';

export interface EndpointSourceOptions {
  readonly api: KubeApi;
  readonly log: Log;
  readonly problems: Pick<Problems, 'set'>;
  /** Receives each service whose endpoints may have changed. */
  readonly changed: (service: string) => void;
  /** Called after each object that changed, and after each list. */
  readonly ring: () => void;
}

/** Follows the endpoints of services: as slices if the API server has them, else as Endpoints. */
export class EndpointSource implements Source {
  private readonly index: EndpointIndex;
  private followed: Reflector<KubeObject> | undefined;
  private failure: string | undefined;

  constructor(private readonly options: EndpointSourceOptions) {
    this.index = new EndpointIndex(options.changed);
  }

  /** Whether the first list is complete. */
  get hasSynced(): boolean {
    return this.followed?.hasSynced === true;
  }

  /** Why the server does not answer now; `undefined` while it does. */
  get problem(): string | undefined {
    return this.failure ?? this.followed?.problem;
  }

  /** Returns the endpoints of a service. */
  of(service: string): readonly Endpoint[] {
    return this.index.of(service);
  }

  /** Returns the services that have an endpoint at one of these addresses. */
  servicesAt(ips: ReadonlySet<string>): ReadonlySet<string> {
    return this.index.servicesAt(ips);
  }

  /** Follows the endpoints until `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const hasSlices = await this.awaitDiscovery(signal);
    if (hasSlices === undefined) return;
    this.followed = hasSlices ? this.reflectSlices() : this.reflectEndpoints();
    await this.followed.run(signal);
  }

  /** Asks whether the server has slices until it answers. Kubernetes before 1.21 has no `discovery.k8s.io/v1`. */
  private async awaitDiscovery(signal: AbortSignal): Promise<boolean | undefined> {
    const backoff = new Backoff();
    while (!signal.aborted) {
      try {
        await this.options.api.get(DISCOVERY, {}, signal);
        this.setFailure(undefined);
        return true;
      } catch (error) {
        const isAnswer = error instanceof ApiError && error.status === 404;
        this.setFailure(isAnswer || signal.aborted ? undefined : explainError(error));
        if (isAnswer) return false;
        await sleep(backoff.after(error), signal);
      }
    }
    return undefined;
  }

  private reflectSlices(): Reflector<KubeObject> {
    const slices: Reflector<Slice> = this.reflect(`${DISCOVERY}/endpointslices`, SLICE, (key) => {
      const slice = slices.objects.get(key);
      const name = slice?.metadata?.labels?.[SERVICE_LABEL];
      const service = name === undefined ? undefined : `${slice?.metadata?.namespace}/${name}`;
      this.put(key, service, () => (slice === undefined ? [] : readSlice(slice)));
    });
    return slices;
  }

  private reflectEndpoints(): Reflector<KubeObject> {
    const endpoints: Reflector<Endpoints> = this.reflect('/api/v1/endpoints', ENDPOINTS, (key) => {
      const object = endpoints.objects.get(key);
      this.put(key, object && key, () => (object === undefined ? [] : readEndpoints(object)));
    });
    return endpoints;
  }

  private reflect<T extends KubeObject>(
    path: string,
    shape: Shape<T>,
    changed: (key: string) => void,
  ): Reflector<T> {
    const { api, log, problems, ring } = this.options;
    return new Reflector({
      ...{ api, path, shape, log, problems },
      changed: (key) => {
        changed(key);
        ring();
      },
      listed: (count) => {
        log.info(`${api.name}${path}: ${count} listed`);
        ring();
      },
    });
  }

  /** Takes over an object. One that cannot be read has no endpoints, and its service is named. */
  private put(key: string, service: string | undefined, read: () => readonly Endpoint[]): void {
    const problems: string[] = [];
    try {
      this.index.put(key, service, read());
    } catch (error) {
      this.index.put(key, service, []);
      problems.push(`Service ${service}: ${explainError(error)}; they are left out`);
    }
    this.options.problems.set(`endpoints ${key}`, problems);
  }

  private setFailure(failure: string | undefined): void {
    this.failure = failure;
    this.options.problems.set(DISCOVERY, failure === undefined ? [] : [failure]);
  }
}
