import { WATCHER } from '../daemon/programs.js';
import { Trouble } from '../daemon/trouble.js';
import { Wakeup } from '../daemon/wakeup.js';
import { ANNOTATION, formatAnnotation } from '../kube/pod_annotation.js';
import { bornAt } from '../kube/seniority.js';
import { explainError } from '../net/errors.js';
import type { Northbound } from '../ovn/connection.js';
import { findClusterRouter, readGateways } from '../ovn/gateways.js';
import { podKeyOf } from '../ovn/pods.js';
import type { Change } from '../ovsdb/cache.js';
import type { RowRef, TableName, Uuid } from '../ovsdb/columns.js';
import type { ovnNorthbound } from '../ovsdb/tables/ovn_northbound.js';
import type { Annotator } from './annotator.js';
import type { ClusterSource } from './cluster_source.js';
import { attachEverywhere, reconcileVips, strayVips } from './load_balancers.js';
import { podNetwork, reconcilePods } from './pod_ports.js';
import { wantedPort } from './pods.js';
import { PortIndex } from './port_index.js';
import { VipClaims, type VipId } from './vip_claims.js';
import { type ServiceGateway, serviceVips } from './vips.js';

export interface WatcherOptions {
  readonly nb: Northbound;
  readonly cluster: ClusterSource;
  readonly annotator: Annotator;
  readonly log: { info(message: string): void; warn(message: string): void };
  readonly signal: AbortSignal;
}

/** Pods of one transaction at most. */
const PODS_AT_ONCE = 500;
/** Everything is looked at this often though nothing was heard, in milliseconds. */
const AUDIT_MS = 60_000;
const RETRY_MS = 1_000;
/** A transaction of thousands of rows on a busy server. */
const COMMIT_MS = 30_000;
/** Tables of which a row that comes or goes can matter to every pod and service. */
const FRAME: readonly string[] = ['Logical_Switch', 'Logical_Router', 'Load_Balancer'];

/** The loop that makes OVN's rows what the cluster's pods and services need: what changed is looked at again. */
export class Watcher {
  readonly totals = { looks: 0, transactions: 0, failures: 0 };
  private readonly wakeup = new Wakeup();
  private readonly trouble: Trouble;
  private readonly ports: PortIndex;
  private readonly claims = new VipClaims();
  private readonly podProblems = new Map<string, string>();
  private readonly serviceProblems = new Map<string, string>();
  private pods = new Set<string>();
  private services = new Set<string>();
  private unannotated = new Set<string>();
  private isAll = true;
  private gateways = '';
  private failure: string | undefined;

  constructor(private readonly options: WatcherOptions) {
    this.trouble = new Trouble(options.log);
    this.ports = new PortIndex(options.nb);
  }

  look = (): void => this.wakeup.ring();

  podChanged = (key: string): void => {
    this.pods.add(key);
    this.look();
  };

  serviceChanged = (key: string): void => {
    this.services.add(key);
    this.look();
  };

  /** A connection that was lost may have hidden anything. */
  reconnected = (): void => {
    this.isAll = true;
    this.look();
  };

  northboundChanged = (changes: readonly Change[]): void => {
    this.ports.apply(changes);
    for (const { table, old, row } of changes) {
      if (FRAME.includes(table) && (old === undefined || row === undefined)) this.isAll = true;
      if (table !== 'Logical_Switch_Port') continue;
      const key = portKey(row ?? old);
      if (key !== undefined) (row === undefined ? this.pods : this.unannotated).add(key);
    }
    this.look();
  };

  /** Whether nothing is amiss with what the API server tells. */
  get isHeard(): boolean {
    return this.options.cluster.problems.length === 0;
  }

  get problems(): readonly string[] {
    return this.trouble.current;
  }

  get counts() {
    const { nb } = this.options;
    const ports = nb.filter('Logical_Switch_Port', (row) => podKeyOf(row) !== undefined).length;
    return { ports, services: this.claims.services.length, vips: this.claims.all.length };
  }

  /** Keeps the rows right until the signal is aborted. */
  async run(): Promise<void> {
    const { signal } = this.options;
    while (!signal.aborted) {
      const rang = await this.wakeup.wait(this.failure === undefined ? AUDIT_MS : RETRY_MS, signal);
      if (!rang && this.failure === undefined) this.isAll = true;
      if (!signal.aborted) await this.once();
    }
  }

  private async once(): Promise<void> {
    const { nb, cluster, annotator } = this.options;
    this.totals.looks++;
    const waiting = this.waiting();
    if (waiting === undefined && cluster.hasSynced) {
      try {
        await this.settle();
        this.failure = undefined;
      } catch (error) {
        this.totals.failures++;
        this.failure = explainError(error);
        this.isAll = true;
      }
      if (nb.isConnected) this.annotate();
    }
    this.trouble.report([
      ...[waiting, this.failure].filter((line) => line !== undefined),
      ...cluster.problems,
      ...this.podProblems.values(),
      ...this.serviceProblems.values(),
      ...this.claims.conflicts,
      ...annotator.problems,
    ]);
  }

  /** What is not there yet without which nothing can be done. */
  private waiting(): string | undefined {
    const { nb } = this.options;
    if (!nb.isConnected) return 'waiting for the OVN_Northbound database';
    return findClusterRouter(nb) === undefined
      ? 'waiting for the cluster router; run master-init'
      : undefined;
  }

  private async settle(): Promise<void> {
    const { nb, cluster } = this.options;
    const isAll = this.isAll;
    if (isAll) this.doubtEverything();
    const pods = takeSome(this.pods, PODS_AT_ONCE);
    const txn = nb.transaction(WATCHER);
    const problems = reconcilePods(this.ports, txn, pods, (key) => cluster.pod(key));
    for (const key of pods) {
      this.podProblems.delete(key);
      this.unannotated.add(key);
    }
    for (const [key, problem] of problems) this.podProblems.set(key, problem);
    reconcileVips(nb, txn, this.claims, this.takeServices());
    if (isAll) {
      strayVips(nb, txn, this.claims.all);
      attachEverywhere(nb, txn);
    }
    if (!txn.isEmpty) {
      const inserted = await txn.commit({ timeoutMs: COMMIT_MS });
      this.totals.transactions++;
      await this.awaitSight([...inserted].at(-1));
    }
    if (this.pods.size > 0) this.look();
  }

  /** The next look must see what was made, or it makes it again; one transaction's rows are seen all at once. */
  private async awaitSight(inserted: readonly [ref: RowRef, uuid: Uuid] | undefined): Promise<void> {
    if (inserted === undefined) return;
    const { nb } = this.options;
    const [{ table }, uuid] = inserted;
    await nb.until(() => nb.table(table as TableName<typeof ovnNorthbound>).get(uuid), {
      what: `the row just made in ${table} to be seen`,
      timeoutMs: COMMIT_MS,
    });
  }

  private doubtEverything(): void {
    const { nb, cluster } = this.options;
    this.isAll = false;
    const ports = [...nb.table('Logical_Switch_Port').values()].flatMap((row) => podKeyOf(row) ?? []);
    this.pods = new Set([...cluster.podKeys, ...ports]);
    this.services = new Set([...cluster.serviceKeys, ...this.claims.services]);
  }

  /** The virtual addresses that the services which changed have or had. */
  private takeServices(): VipId[] {
    const { cluster } = this.options;
    const gateways = this.readGateways();
    const keys = this.services;
    this.services = new Set();
    return [...keys].flatMap((key) => {
      const service = cluster.service(key);
      this.serviceProblems.delete(key);
      try {
        const vips =
          service === undefined ? [] : serviceVips(key, service, cluster.endpointsOf(key), gateways);
        return this.claims.put(key, bornAt(service), vips);
      } catch (error) {
        this.serviceProblems.set(key, `Service ${key}: ${explainError(error)}; it is left out`);
        return this.claims.put(key, 0, []);
      }
    });
  }

  /** A gateway that came, went or changed concerns every service. */
  private readGateways(): ServiceGateway[] {
    const { nb, cluster } = this.options;
    const gateways = readGateways(nb).map(({ node, physical, isFirst }) => ({
      node,
      addresses: physical,
      isFirst,
    }));
    const said = JSON.stringify(gateways);
    if (said !== this.gateways) {
      this.gateways = said;
      this.services = new Set([...cluster.serviceKeys, ...this.claims.services]);
    }
    return gateways;
  }

  private annotate(): void {
    const { cluster, annotator } = this.options;
    for (const key of this.unannotated) {
      const pod = cluster.pod(key);
      const network =
        pod === undefined || wantedPort(pod) === undefined ? undefined : podNetwork(this.ports, key);
      const text = network === undefined ? undefined : formatAnnotation(network);
      if (text === undefined || pod?.metadata?.annotations?.[ANNOTATION] === text) annotator.forget(key);
      else annotator.want(key, text);
    }
    this.unannotated = new Set();
  }
}

function portKey(row: Change['row']): string | undefined {
  if (row === undefined) return undefined;
  const { name, external_ids } = row;
  return typeof name === 'string' && external_ids instanceof Map
    ? podKeyOf({ name, external_ids })
    : undefined;
}

function takeSome(keys: Set<string>, most: number): string[] {
  const taken: string[] = [];
  for (const key of keys) {
    if (taken.length === most) break;
    taken.push(key);
  }
  for (const key of taken) keys.delete(key);
  return taken;
}
