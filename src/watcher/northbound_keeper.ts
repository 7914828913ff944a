import type { LoopWork } from '../daemon/loop.js';
import type { Problems } from '../daemon/problems.js';
import { WATCHER } from '../daemon/programs.js';
import { AddressBook } from '../kube/address_book.js';
import type { AddressGuard } from '../kube/address_guard.js';
import { ANNOTATION, type Pod, type Service } from '../kube/kinds.js';
import { refusalLines } from '../kube/refusals.js';
import { bornAt } from '../kube/seniority.js';
import { explainError } from '../net/errors.js';
import type { Northbound, NorthboundTransaction } from '../ovn/connection.js';
import { findClusterRouter } from '../ovn/gateways.js';
import { podKeyOf } from '../ovn/pods.js';
import type { RowRef, TableName, Uuid } from '../ovsdb/columns.js';
import type { ovnNorthbound } from '../ovsdb/tables/ovn_northbound.js';
import type { Annotator } from './apply_annotations.js';
import { reconcileAllVips, reconcileVips } from './apply_load_balancers.js';
import { podAnnotation, type ReconciledPods, reconcilePods } from './apply_pod_ports.js';
import { VipAssignments } from './desired_assignments.js';
import type { VipId } from './desired_balancer.js';
import { wantedPort } from './desired_pod_port.js';
import { type Refuse, type ServiceGateway, serviceVips } from './desired_vips.js';
import type { GuardSource } from './sources/guard.js';
import type { BalancerIndex } from './state_balancers.js';
import type { Changes } from './state_changes.js';
import type { Endpoint } from './state_endpoints.js';
import { GatewayBook } from './state_gateways.js';
import type { PortIndex } from './state_ports.js';

/** The API server's objects, as a source has received them. */
interface Known<T> {
  readonly hasSynced: boolean;
  readonly objects: ReadonlyMap<string, T>;
}

export interface NorthboundKeeperOptions {
  readonly nb: Pick<Northbound, 'isConnected' | 'table' | 'find' | 'filter' | 'transaction' | 'until'>;
  readonly pods: Known<Pod>;
  readonly services: Known<Service>;
  readonly endpoints: { readonly hasSynced: boolean; of(service: string): readonly Endpoint[] };
  readonly ports: PortIndex;
  readonly balancers: BalancerIndex;
  readonly changes: Changes;
  readonly annotator: Pick<Annotator, 'want' | 'forget'>;
  readonly guard: Pick<GuardSource, 'guard'>;
  readonly problems: Pick<Problems, 'set'>;
}

/** The largest number of pods in one transaction. */
const PODS_AT_ONCE = 500;
/** How long a transaction of thousands of rows may take on a busy server, in milliseconds. */
const COMMIT_MS = 30_000;

/** Keeps the northbound rows of pods and services in line with the API server's objects. */
export class NorthboundKeeper implements LoopWork {
  private readonly assignments = new VipAssignments();
  private readonly addresses = new AddressBook();
  private readonly book = new GatewayBook();
  private guard: AddressGuard | undefined;
  private committed = 0;

  constructor(private readonly options: NorthboundKeeperOptions) {}

  /** How many transactions have been committed. */
  get transactions(): number {
    return this.committed;
  }

  /** Numbers for `status`: pods' logical ports, services with virtual addresses, and those addresses. */
  get counts() {
    const ports = this.options.nb.filter('Logical_Switch_Port', (row) => podKeyOf(row) !== undefined).length;
    return { ports, services: this.assignments.services.size, vips: this.assignments.size };
  }

  /**
   * Checks the pods and services that changed since the last step, and commits the difference in one transaction.
   * @throws ProductError if the database refuses the transaction or does not answer; the next step checks everything
   */
  async step(): Promise<void> {
    const { nb, pods, services, endpoints, changes, problems } = this.options;
    const missing = this.missing();
    problems.set('northbound', missing === undefined ? [] : [missing]);
    if (missing !== undefined || !pods.hasSynced || !services.hasSynced || !endpoints.hasSynced) return;
    try {
      await this.reconcile();
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

  private async reconcile(): Promise<void> {
    const { nb, changes, ports, balancers } = this.options;
    const isAll = changes.takeAll();
    if (isAll) this.markEverything();
    const txn = nb.transaction(WATCHER);
    const given = this.reconcilePods(txn);
    try {
      this.updateGateways();
      this.updateGuard();
      const ids = this.assignServices();
      if (isAll) reconcileAllVips(nb, balancers, txn, this.assignments, ids);
      else reconcileVips(balancers, txn, this.assignments, ids);
      await this.commit(txn);
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
    this.markServices();
  }

  private markServices(): void {
    const { services, changes } = this.options;
    for (const key of services.objects.keys()) changes.markService(key);
    for (const key of this.assignments.services) changes.markService(key);
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
    }
    for (const key of found.waiting) changes.awaitAddress(key);
    return found.given;
  }

  /**
   * Reads the gateways again if they are marked. Marks every service if a gateway was added, deleted or changed, else
   * those that want an address that is served now, or was.
   */
  private updateGateways(): void {
    const { nb, changes, problems } = this.options;
    if (!changes.takeGateways()) return;
    const { isOther, moved } = this.book.read(nb, problems);
    if (isOther) this.markServices();
    for (const ip of moved) for (const key of this.addresses.wanting(ip)) changes.markService(key);
  }

  /** Takes the guard that holds now. Marks every service if it is another one. */
  private updateGuard(): void {
    const { guard } = this.options;
    const before = this.guard;
    this.guard = guard.guard(this.book.claims);
    if (this.guard !== before) this.markServices();
  }

  /** Assigns the virtual addresses of the marked services; returns those that may have changed. */
  private assignServices(): VipId[] {
    const { problems, changes } = this.options;
    const refuse = this.refuser();
    const { gateways } = this.book;
    const touched = [...this.withRivals(changes.takeServices())].flatMap((key) =>
      this.assignService(key, gateways, refuse),
    );
    for (const key of this.assignments.takeContested()) {
      const { count, texts } = this.assignments.conflicts(key);
      problems.set(`conflicts of ${key}`, refusalLines(key, texts, count));
    }
    return touched;
  }

  /** Returns the services and those that want an external address that has become, or was, another's cluster address. */
  private withRivals(keys: ReadonlySet<string>): ReadonlySet<string> {
    const { services } = this.options;
    const concerned = [...keys].flatMap((key) => this.addresses.put(key, services.objects.get(key)));
    return new Set([...keys, ...concerned.flatMap((ip) => [...this.addresses.wanting(ip)])]);
  }

  /**
   * Returns the function that refuses external addresses. Until everything is known that it depends on, it refuses all
   * but those that the database has.
   */
  private refuser(): Refuse {
    const { nb } = this.options;
    const { guard, addresses } = this;
    if (guard !== undefined)
      return (ip, _vip, isOwn) =>
        isOwn ? guard.narrowing(ip) : (guard.refusal(ip) ?? addresses.refusal(ip));
    let present: ReadonlySet<string> | undefined;
    return (_ip, vip) => {
      present ??= new Set(nb.filter('Load_Balancer', () => true).flatMap(({ vips }) => [...vips.keys()]));
      return present.has(vip) ? undefined : 'the addresses of nodes and servers are not known yet';
    };
  }

  private assignService(key: string, gateways: readonly ServiceGateway[], refuse: Refuse): VipId[] {
    const { services, endpoints, problems } = this.options;
    const service = services.objects.get(key);
    try {
      const { vips, refused } =
        service === undefined
          ? { vips: [], refused: [] }
          : serviceVips(key, service, endpoints.of(key), gateways, refuse);
      problems.set(`service ${key}`, refusalLines(key, refused, refused.length));
      return this.assignments.put(key, bornAt(service), vips);
    } catch (error) {
      problems.set(`service ${key}`, [`Service ${key}: ${explainError(error)}; it is left out`]);
      return this.assignments.put(key, 0, []);
    }
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
