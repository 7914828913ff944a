import { setTimeout as pause } from 'node:timers/promises';
import type { V1EndpointSlice, V1Endpoints, V1Pod, V1Service } from '@kubernetes/client-node';
import { SILENT } from '../daemon/log.js';
import type { KubeApi } from '../kube/api.js';
import { Backoff } from '../kube/backoff.js';
import { ApiError } from '../kube/errors.js';
import type { KubeObject } from '../kube/objects.js';
import { Reflector } from '../kube/reflector.js';
import { explainError } from '../net/errors.js';
import { EndpointIndex } from './endpoint_index.js';
import { type Endpoint, ofEndpoints, ofSlice } from './endpoints.js';

/** The label of a slice that names its service (Kubernetes, "EndpointSlices", "Ownership"). */
const SERVICE_LABEL = 'kubernetes.io/service-name';
const SLICES = '/apis/discovery.k8s.io/v1';

/** Who is told what has changed. */
export interface ClusterNews {
  podChanged(key: string): void;
  serviceChanged(key: string): void;
  /** Something was listed, or cannot be. */
  look(): void;
}

/** What the API server has of pods, services and endpoints, followed. */
export class ClusterSource {
  private readonly pods: Reflector<V1Pod>;
  private readonly services: Reflector<V1Service>;
  private readonly index: EndpointIndex;
  private endpoints: Reflector<KubeObject> | undefined;
  private why: string | undefined;

  constructor(
    private readonly api: KubeApi,
    private readonly news: ClusterNews,
    private readonly log: { info(message: string): void },
  ) {
    this.index = new EndpointIndex((key) => news.serviceChanged(key));
    this.pods = this.reflector('/api/v1/pods', (key) => news.podChanged(key));
    this.services = this.reflector('/api/v1/services', (key) => news.serviceChanged(key));
  }

  /** Whether everything that was there at the start is here. */
  get hasSynced(): boolean {
    return this.pods.hasSynced && this.services.hasSynced && this.endpoints?.hasSynced === true;
  }

  get problems(): readonly string[] {
    const all = [this.why, this.pods.problem, this.services.problem, this.endpoints?.problem];
    return all.filter((problem) => problem !== undefined);
  }

  get podKeys(): Iterable<string> {
    return this.pods.objects.keys();
  }

  get serviceKeys(): Iterable<string> {
    return this.services.objects.keys();
  }

  pod(key: string): V1Pod | undefined {
    return this.pods.objects.get(key);
  }

  service(key: string): V1Service | undefined {
    return this.services.objects.get(key);
  }

  endpointsOf(service: string): readonly Endpoint[] {
    return this.index.of(service);
  }

  /** Follows all of it until `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.pods.run(signal), this.services.run(signal), this.followEndpoints(signal)]);
  }

  private async followEndpoints(signal: AbortSignal): Promise<void> {
    const hasSlices = await this.asksForSlices(signal);
    if (hasSlices === undefined) return;
    const followed: Reflector<KubeObject> = hasSlices
      ? this.reflector<V1EndpointSlice>(`${SLICES}/endpointslices`, (key) => {
          const slice = followed.objects.get(key) as V1EndpointSlice | undefined;
          const name = slice?.metadata?.labels?.[SERVICE_LABEL];
          const service = name === undefined ? undefined : `${slice?.metadata?.namespace}/${name}`;
          this.index.put(key, service, slice === undefined ? [] : ofSlice(slice));
        })
      : this.reflector<V1Endpoints>('/api/v1/endpoints', (key) => {
          const object = followed.objects.get(key) as V1Endpoints | undefined;
          this.index.put(key, object && key, object === undefined ? [] : ofEndpoints(object));
        });
    this.endpoints = followed;
    await followed.run(signal);
  }

  /** Whether the server has slices: those before 1.21 have none of this version. */
  private async asksForSlices(signal: AbortSignal): Promise<boolean | undefined> {
    const backoff = new Backoff();
    while (!signal.aborted) {
      try {
        await this.api.get(SLICES, {}, signal);
        this.why = undefined;
        return true;
      } catch (error) {
        const isAnswer = error instanceof ApiError && error.status === 404;
        this.why = isAnswer ? undefined : explainError(error);
        if (isAnswer) return false;
        this.news.look();
        await pause(backoff.after(error), undefined, { signal }).catch(() => undefined);
      }
    }
    return undefined;
  }

  private reflector<T extends KubeObject>(path: string, changed: (key: string) => void): Reflector<T> {
    const look = () => this.news.look();
    const listed = (count: number) => {
      this.log.info(`${this.api.name}${path}: ${count} listed`);
      look();
    };
    // What the reflector has to say is a problem like others, and said with them.
    return new Reflector<T>({ api: this.api, path, changed, listed, log: SILENT, problems: { set: look } });
  }
}
