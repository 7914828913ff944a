import type { LoopWork } from '../daemon/loop.js';
import { WATCHER } from '../daemon/programs.js';
import { ANNOTATION } from '../kube/kinds.js';
import type { Northbound, NorthboundTransaction } from '../ovn/connection.js';
import { findClusterRouter } from '../ovn/gateways.js';
import { podKeyOf } from '../ovn/pods.js';
import type { RowRef, TableName, Uuid } from '../ovsdb/columns.js';
import type { ovnNorthbound } from '../ovsdb/tables/ovn_northbound.js';
import type { Annotator } from './apply_annotations.js';
import { podAnnotation, type ReconciledPods, reconcilePods } from './apply_pod_ports.js';
import { wantedPort } from './desired_pod_port.js';
import type { BalancerIndex } from './state_balancers.js';
import type { PortIndex } from './state_ports.js';
import { VipAssigner, type VipAssignerOptions } from './vip_assigner.js';
import { VipKeeper, type VipKeeperOptions } from './vip_keeper.js';

export interface NorthboundKeeperOptions
  extends VipAssignerOptions,
    Pick<VipKeeperOptions, 'turns' | 'vipsAtOnce'> {
  readonly nb: Pick<
    Northbound,
    'isConnected' | 'table' | 'find' | 'filter' | 'allows' | 'transaction' | 'until'
  >;
  readonly ports: PortIndex;
  readonly balancers: BalancerIndex;
  readonly annotator: Pick<Annotator, 'want' | 'forget'>;
}

/** The largest number of pods in one transaction. */
const PODS_AT_ONCE = 500;
/** How long a transaction of thousands of rows may take on a busy server, in milliseconds. */
const COMMIT_MS = 30_000;

/** Keeps the northbound rows of pods and services in line with the API server's objects. */
export class NorthboundKeeper implements LoopWork {
  private readonly assigner: VipAssigner;
  private readonly vips: VipKeeper;
  private committed = 0;

  constructor(private readonly options: NorthboundKeeperOptions) {
    const assigner = new VipAssigner(options);
    const commit = (txn: NorthboundTransaction) => this.commit(txn);
    this.assigner = assigner;
    this.vips = new VipKeeper({ ...options, assigner, commit });
  }

  /** How many transactions have been committed. */
  get transactions(): number {
    return this.committed;
  }

  /** Numbers for `status`: pods' logical ports, services with virtual addresses, and those addresses. */
  get counts() {
    const ports = this.options.nb.filter('Logical_Switch_Port', (row) => podKeyOf(row) !== undefined).length;
    const { services, vips } = this.assigner.counts;
    return { ports, services, vips };
  }

  /**
   * Checks the pods and services that changed since the last step, and commits the difference.
   * @throws ProductError if the database refuses a transaction or does not answer; the next step checks everything. The
   * reason of `signal` when it is aborted: the sources then no longer say what the database has.
   */
  async step(signal?: AbortSignal): Promise<void> {
    const { nb, pods, services, endpoints, nodes, changes, problems } = this.options;
    const missing = this.missing();
    problems.set('northbound', missing === undefined ? [] : [missing]);
    // Without the zones of the nodes, hints lead elsewhere.
    const isComplete = [pods, services, endpoints].every(({ hasSynced }) => hasSynced) && !nodes.isPending;
    if (missing !== undefined || !isComplete) return;
    try {
      await this.reconcile(signal);
    } catch (error) {
      changes.markAll();
      throw error;
    } finally {
      if (nb.isConnected) this.annotate();
    }
  }

  /** Makes the next step check everything. */
  audit(): void {
    this.options.changes.markAll();
  }

  /** Returns the prerequisite of every step that is missing; `undefined` if none is. */
  private missing(): string | undefined {
    const { nb } = this.options;
    if (!nb.isConnected) return 'waiting for the OVN_Northbound database';
    return findClusterRouter(nb) === undefined
      ? 'waiting for the cluster router; run master-init'
      : undefined;
  }

  private async reconcile(signal: AbortSignal | undefined): Promise<void> {
    const { nb, changes, ports } = this.options;
    const isAll = changes.takeAll();
    if (isAll) this.markEverything();
    const txn = nb.transaction(WATCHER);
    const given = this.reconcilePods(txn);
    try {
      await this.vips.reconcile(txn, isAll, signal);
    } finally {
      ports.giveBack(given);
    }
    if (changes.hasPods) changes.ring();
  }

  /**
   * Marks each pod and service that the API server or the northbound database has. Pods that run without a port, as
   * after the loss of the database, come first: their addresses must not go to new pods.
   */
  private markEverything(): void {
    const { nb, pods, ports, changes } = this.options;
    const cut = [...pods.objects].flatMap(([key, pod]) => {
      const wanted = wantedPort(pod);
      const isCut =
        wanted !== undefined && wanted.reported.length > 0 && ports.port(wanted.name) === undefined;
      return isCut ? [key] : [];
    });
    changes.markPodsFirst(cut);
    for (const key of pods.objects.keys()) changes.markPod(key);
    for (const row of nb.table('Logical_Switch_Port').values()) {
      const key = podKeyOf(row);
      if (key !== undefined) changes.markPod(key);
    }
    this.assigner.markAll();
  }

  /** Adds to `txn` what the marked pods' ports lack; returns the addresses that it gives to pods. */
  private reconcilePods(txn: NorthboundTransaction): ReconciledPods['given'] {
    const { pods, ports, changes, problems } = this.options;
    const keys = changes.takePods(PODS_AT_ONCE);
    const found = reconcilePods(ports, txn, keys, (key) => pods.objects.get(key));
    for (const key of keys) {
      const problem = found.problems.get(key);
      problems.set(`pod ${key}`, problem === undefined ? [] : [problem]);
      changes.markAnnotation(key);
      this.assigner.markPod(key);
    }
    for (const key of found.waiting) changes.awaitAddress(key);
    return found.given;
  }

  private async commit(txn: NorthboundTransaction): Promise<void> {
    if (txn.isEmpty) return;
    const inserted = await txn.commit({ timeoutMs: COMMIT_MS });
    this.committed++;
    await this.awaitSight([...inserted].at(-1));
  }

  /**
   * Waits until the copy of the database has the last inserted row, and so all rows of the transaction: a step that
   * does not see them would insert them again.
   */
  private async awaitSight(inserted: readonly [ref: RowRef, uuid: Uuid] | undefined): Promise<void> {
    if (inserted === undefined) return;
    const { nb } = this.options;
    const [{ table }, uuid] = inserted;
    await nb.until(() => nb.table(table as TableName<typeof ovnNorthbound>).get(uuid), {
      what: `the row just inserted into ${table} to reach the copy of the database`,
      timeoutMs: COMMIT_MS,
    });
  }

  private annotate(): void {
    const { pods, ports, changes, annotator } = this.options;
    for (const key of changes.takeAnnotations()) {
      const pod = pods.objects.get(key);
      const wanted = pod && wantedPort(pod);
      const text = wanted && podAnnotation(ports, wanted);
      const { uid, annotations } = pod?.metadata ?? {};
      if (text === undefined || annotations?.[ANNOTATION] === text) annotator.forget(key);
      else annotator.want(key, { uid, text });
    }
  }
}
