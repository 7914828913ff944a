import type { GatewayFrame } from '../demux/state.js';
import { type AccessOptions, accessSettings, isConfigured } from '../kube/access.js';
import { readBridge } from '../switch/bridge_facts.js';
import type { LocalDatabase } from '../switch/connection.js';
import { NODE_NAME, OVN_NB, readSystemIds } from '../switch/external_ids.js';
import { misfits } from './northbound_check.js';
import { NorthboundSource } from './northbound_source.js';
import { ServiceSource } from './service_source.js';
import { NO_CLAIMS, type ServiceFacts } from './services.js';

export interface OutsideOptions {
  readonly db: LocalDatabase;
  readonly bridge: string;
  readonly kubeconfig: string | undefined;
  readonly sysconf: string;
  readonly changed: () => void;
  readonly log: { info(message: string): void };
  readonly signal: AbortSignal;
}

/** What lies beyond this host: OVN's northbound database and the API server, as far as they have been reached. */
export class Outside {
  private northbound: NorthboundSource | undefined;
  private northboundRemotes: string | undefined;
  private leaveNorthbound = new AbortController();
  private api: { readonly source: ServiceSource; readonly stop: AbortController } | undefined;
  private apiSettings: string | undefined;

  constructor(private readonly options: OutsideOptions) {}

  /** Whether anybody says where an API server is. */
  get isFollowed(): boolean {
    return isConfigured(this.access());
  }

  /**
   * Starts to follow each as soon as somebody says where it is, which may be later than this host's start, and anew
   * when that has changed: a token does not last for ever.
   */
  reachOut = (): void => {
    const { db } = this.options;
    this.followNorthbound(readSystemIds(db).get(OVN_NB));
    const settings = accessSettings(readSystemIds(db));
    if (settings === this.apiSettings) return;
    this.apiSettings = settings;
    this.api?.stop.abort();
    this.api = this.isFollowed ? this.followServices() : undefined;
  };

  private followNorthbound(remotes: string | undefined): void {
    if (remotes === this.northboundRemotes) return;
    const { sysconf, changed, signal } = this.options;
    this.northboundRemotes = remotes;
    this.leaveNorthbound.abort();
    this.leaveNorthbound = new AbortController();
    const either = AbortSignal.any([signal, this.leaveNorthbound.signal]);
    this.northbound =
      remotes === undefined ? undefined : new NorthboundSource({ remotes, sysconf, changed, signal: either });
  }

  private followServices() {
    const { changed, log, signal } = this.options;
    const stop = new AbortController();
    const either = AbortSignal.any([signal, stop.signal]);
    return { source: new ServiceSource({ ...this.access(), changed, log, signal: either }), stop };
  }

  /**
   * What is known of services. External addresses are those of the first gateway, as its load balancers are; where
   * there is no northbound database to say which that is, there is one gateway.
   */
  get services(): ServiceFacts {
    if (!this.isFollowed) return NO_CLAIMS;
    const claims = this.api?.source.claims;
    const { node, northbound } = this;
    const isAlone = node === undefined || !readSystemIds(this.options.db).has(OVN_NB);
    const isFirst = isAlone ? true : northbound?.isFirstGateway(node);
    return {
      nodePorts: claims?.nodePorts,
      served: isFirst === undefined ? undefined : isFirst ? claims?.served : NO_CLAIMS.served,
    };
  }

  /** What is wrong out there, and what there no longer fits `state`. */
  problems(state: GatewayFrame | undefined): readonly string[] {
    const { node, northbound } = this;
    const unreachable = northbound?.problem === undefined ? [] : [northbound.problem];
    const unfit =
      node === undefined || northbound?.tables === undefined || state === undefined
        ? []
        : misfits(northbound.tables, node, state);
    return [...unreachable, ...unfit, ...(this.api?.source.problems ?? [])];
  }

  private get node(): string | undefined {
    return readBridge(this.options.db, this.options.bridge)?.externalIds.get(NODE_NAME);
  }

  private access(): AccessOptions {
    const { db, kubeconfig, sysconf } = this.options;
    return { kubeconfig, systemIds: readSystemIds(db), sysconf, env: process.env };
  }
}
