import type { Problems } from '../daemon/problems.js';
import { STEPS } from '../daemon/turns.js';
import { AddressBook } from '../kube/address_book.js';
import { AddressGuard } from '../kube/address_guard.js';
import type { Endpoint } from '../kube/endpoint_index.js';
import type { GuardSource } from '../kube/guard_source.js';
import type { Pod, Service } from '../kube/kinds.js';
import type { NodeSource } from '../kube/nodes.js';
import { boundedTexts } from '../kube/refusals.js';
import { bornAt, ownerText, podOfOwner, podOwner } from '../kube/seniority.js';
import { explainError } from '../net/errors.js';
import type { IpAddress } from '../net/ip.js';
import type { Northbound, NorthboundView } from '../ovn/connection.js';
import type { EventWriter } from './apply_events.js';
import { VipAssignments } from './desired_assignments.js';
import type { VipId } from './desired_balancer.js';
import { hostPortVips, mayHaveHostPorts } from './desired_host_ports.js';
import { type Refuse, type ServiceVips, type Surroundings, serviceVips } from './desired_vips.js';
import type { Changes } from './state_changes.js';
import { GatewayBook } from './state_gateways.js';
import { HostBook } from './state_hosts.js';

/** The API server's objects, as a source has received them. */
interface Known<T> {
  readonly hasSynced: boolean;
  readonly objects: ReadonlyMap<string, T>;
}

export interface VipAssignerOptions {
  readonly nb: NorthboundView & Pick<Northbound, 'allows'>;
  readonly pods: Known<Pod>;
  readonly services: Known<Service>;
  readonly endpoints: {
    readonly hasSynced: boolean;
    of(service: string): readonly Endpoint[];
    servicesAt(ips: ReadonlySet<string>): ReadonlySet<string>;
  };
  readonly changes: Changes;
  readonly nodes: Pick<NodeSource, 'hasSynced' | 'isPending' | 'claims' | 'zones'>;
  readonly guard: Pick<GuardSource, 'guard'>;
  readonly events: Pick<EventWriter, 'say'>;
  readonly problems: Pick<Problems, 'set'>;
}

/** The watcher's host need not be on the network of external addresses, so its routers and addresses say nothing. */
const NO_OWN_NETWORK = { routers: [], local: [] };

/** What one round of assignments needs. */
export interface VipRound {
  /** The services to assign, and the owners of host ports. */
  readonly services: ReadonlySet<string>;
  readonly around: Surroundings;
  readonly refuse: Refuse;
}

/** Decides which virtual addresses the services and the pods with host ports have, and says what they do not get. */
export class VipAssigner {
  readonly assignments = new VipAssignments();
  private readonly addresses = new AddressBook();
  private readonly book = new GatewayBook();
  private readonly hosts = new HostBook();
  private zones: ReadonlyMap<string, string> = new Map();
  private guard: AddressGuard | undefined;

  constructor(private readonly options: VipAssignerOptions) {}

  /** Numbers for `status`: services with virtual addresses, and those addresses. */
  get counts() {
    const services = [...this.assignments.services].filter((one) => podOfOwner(one) === undefined).length;
    return { services, vips: this.assignments.size };
  }

  /** Marks each service, and each pod with host ports. */
  markAll(): void {
    const { services, pods, changes } = this.options;
    for (const key of services.objects.keys()) changes.markService(key);
    for (const [key, pod] of pods.objects) if (mayHaveHostPorts(pod)) changes.markService(podOwner(key));
    for (const key of this.assignments.services) changes.markService(key);
  }

  /** Marks a pod if it has, or had, host ports. */
  markPod(key: string): void {
    const { pods, changes } = this.options;
    const [pod, owner] = [pods.objects.get(key), podOwner(key)];
    if (this.assignments.has(owner) || (pod !== undefined && mayHaveHostPorts(pod)))
      changes.markService(owner);
  }

  /** Looks at gateways, nodes and addresses again; returns the marked services and those that they concern. */
  *begin(): Generator<void, VipRound> {
    this.updateGateways();
    this.updateHosts();
    this.updateGuard();
    const { nb, changes } = this.options;
    const around: Surroundings = {
      gateways: this.book.gateways,
      nodes: this.hosts.nodes,
      hosts: this.hosts.hosts,
      zones: this.zones,
      hashesIpv6: nb.allows('Load_Balancer', 'selection_fields', 'ipv6_src'),
    };
    const services = yield* this.withRivals(changes.takeServices());
    return { services, around, refuse: this.refuser() };
  }

  /** Assigns the virtual addresses of one service; returns those that may have changed. */
  *assign(key: string, { around, refuse }: VipRound): Generator<void, VipId[]> {
    const { services, pods } = this.options;
    const pod = podOfOwner(key);
    const object = pod === undefined ? services.objects.get(key) : pods.objects.get(pod);
    try {
      const { vips, refused } = yield* this.vipsOf(key, around, refuse);
      this.report(`service ${key}`, key, boundedTexts(refused, refused.length));
      return yield* this.assignments.put(key, bornAt(object), vips);
    } catch (error) {
      this.report(`service ${key}`, key, [`${explainError(error)}; it is left out`]);
      return yield* this.assignments.put(key, 0, []);
    }
  }

  /** Says which virtual addresses services have lost to others. */
  *end(): Generator<void> {
    for (const key of this.assignments.takeContested()) {
      const { count, texts } = this.assignments.conflicts(key);
      this.report(`conflicts of ${key}`, key, boundedTexts(texts, count));
      yield;
    }
  }

  /**
   * Reads the gateways again if they are marked. Marks every service if a gateway was added, deleted or changed, else
   * those that want an address that is served now, or was.
   */
  private updateGateways(): void {
    const { nb, changes, problems } = this.options;
    if (!changes.takeGateways()) return;
    const { isOther, moved } = this.book.read(nb, problems);
    if (isOther) this.markAll();
    for (const ip of moved) for (const key of this.addresses.wanting(ip)) changes.markService(key);
  }

  /**
   * Reads the nodes again if they are marked. Marks the services that have endpoints at hosts which changed, and those
   * of policy `Local`, which have node ports of their own on each node. The source marks all services when a node comes
   * or goes.
   */
  private updateHosts(): void {
    const { nb, services, changes, endpoints, nodes } = this.options;
    const before = this.zones;
    this.zones = nodes.zones;
    if (this.zones !== before) this.markAll();
    if (!changes.takeHosts()) return;
    const { isOther, moved } = this.hosts.read(nb);
    if (isOther)
      for (const [key, { spec }] of services.objects)
        if (spec?.externalTrafficPolicy === 'Local') changes.markService(key);
    if (moved.size > 0) for (const key of endpoints.servicesAt(moved)) changes.markService(key);
  }

  /** Takes the guard that holds now. Marks every service if it is another one. */
  private updateGuard(): void {
    const { guard, nodes } = this.options;
    const before = this.guard;
    this.guard = guard.guard({
      nodes: nodes.hasSynced ? nodes.claims : undefined,
      rows: this.book.claims,
      ...NO_OWN_NETWORK,
    });
    if (this.guard !== before) this.markAll();
  }

  /** Returns the services and those that want an external address that has become, or was, another's cluster address. */
  private *withRivals(keys: ReadonlySet<string>): Generator<void, ReadonlySet<string>> {
    const { services } = this.options;
    const all = new Set(keys);
    const concerned = new Set<string>();
    let steps = 0;
    for (const key of keys) {
      for (const ip of this.addresses.put(key, services.objects.get(key))) concerned.add(ip);
      if (++steps % STEPS === 0) yield;
    }
    for (const ip of concerned) {
      for (const key of this.addresses.wanting(ip)) all.add(key);
      yield;
    }
    return all;
  }

  /**
   * Returns the function that refuses external addresses. Until nodes and servers are known, it judges by OVN's rows and
   * by the other services, and refuses all addresses but those that the database has.
   */
  private refuser(): Refuse {
    const { nb } = this.options;
    const { guard, addresses } = this;
    const known = guard ?? new AddressGuard({ claims: this.book.claims, allowed: undefined });
    const judge = (ip: IpAddress, isOwn: boolean) =>
      isOwn ? known.narrowing(ip) : (known.refusal(ip) ?? addresses.refusal(ip));
    if (guard !== undefined) return (ip, _vip, isOwn) => judge(ip, isOwn);
    let present: ReadonlySet<string> | undefined;
    return (ip, vip, isOwn) => {
      const refusal = judge(ip, isOwn);
      if (refusal !== undefined) return refusal;
      present ??= new Set(nb.filter('Load_Balancer', () => true).flatMap(({ vips }) => [...vips.keys()]));
      return present.has(vip) ? undefined : 'the addresses of nodes and servers are not known yet';
    };
  }

  /** Says what a service does not get, in `status` and in Events. */
  private report(owner: string, key: string, texts: readonly string[]): void {
    const { services, events, problems } = this.options;
    problems.set(
      owner,
      texts.map((text) => `${ownerText(key)}: ${text}`),
    );
    const uid = services.objects.get(key)?.metadata?.uid;
    if (podOfOwner(key) === undefined) events.say(owner, { service: key, uid }, texts);
  }

  /** Returns the virtual addresses of a service, or of the host ports of a pod. @throws ProductError if it is invalid */
  private *vipsOf(key: string, around: Surroundings, refuse: Refuse): Generator<void, ServiceVips> {
    const { services, pods, endpoints } = this.options;
    const podKey = podOfOwner(key);
    const pod = podKey === undefined ? undefined : pods.objects.get(podKey);
    if (podKey !== undefined && pod !== undefined) return hostPortVips(podKey, pod, around.gateways);
    const service = services.objects.get(key);
    return service === undefined
      ? { vips: [], refused: [] }
      : yield* serviceVips(key, service, endpoints.of(key), around, refuse);
  }
}
