import type { Endpoint } from '../kube/endpoint_index.js';
import type { Service } from '../kube/kinds.js';
import {
  clusterAddresses,
  externalAddresses,
  portRefusal,
  type ServicePort,
  servicePorts,
  sourceRanges,
} from '../kube/service.js';
import { ProductError } from '../net/errors.js';
import { type Family, familyOf, type IpAddress } from '../net/ip.js';
import { type Balancer, groupName, type Scope, type Vip } from './desired_balancer.js';
import {
  type Choices,
  choicesOf,
  type Destination,
  destinationsOf,
  endpointsByPort,
  hostPort,
  portKey,
} from './desired_endpoints.js';
import {
  affinityHash,
  affinityLoss,
  hasAffinity,
  type RowPolicy,
  rowOptions,
} from './desired_row_options.js';
import { countOf, type Draft, withTexts } from './desired_targets.js';
import { MaskedClients } from './masked_clients.js';
import { type ServiceGateway, serves } from './state_gateways.js';
import type { HostEndpoint, ServiceNode } from './state_hosts.js';

/** Everything besides the service itself that its virtual addresses depend on. */
export interface Surroundings {
  readonly gateways: readonly ServiceGateway[];
  readonly nodes: readonly ServiceNode[];
  /** The hosts by their own addresses. */
  readonly hosts: ReadonlyMap<string, HostEndpoint>;
  /** The zone of each node that has one. */
  readonly zones: ReadonlyMap<string, string>;
  /** Whether OVN can hash IPv6 addresses. */
  readonly hashesIpv6: boolean;
}

/**
 * Returns why an external address is not served; `undefined` if it is. `isOwn` says whether it is a gateway's address;
 * `vip` is the virtual address that it would have.
 */
export type Refuse = (ip: IpAddress, vip: string, isOwn: boolean) => string | undefined;

/** The virtual addresses of a service, and one line for each address, port or field of which it gets less. */
export interface ServiceVips {
  readonly vips: readonly Vip[];
  readonly refused: readonly string[];
}

/** How the destinations of a virtual address were chosen. */
interface Choice {
  readonly destinations: readonly Destination[];
  readonly isDropped?: boolean;
  readonly skipsSnat?: boolean;
}

/** The most virtual addresses of one service: each node may have its own. */
const MOST_VIPS = 100_000;
/** The most of them that a service has on single nodes, if it can be served otherwise. */
const MOST_AT_NODES = 50_000;
/** The most destinations of all virtual addresses of one service together: some 10 MB of text. */
const MOST_TARGETS = 500_000;

/**
 * Returns the virtual addresses of a service; yields where it may be interrupted, as there can be many. Node ports exist
 * only in the families of its cluster addresses.
 *
 * An external address that is a gateway's own is on that gateway alone, and not in the cluster: pods reach the host
 * there, whose programs may listen on the same port.
 * @throws ProductError `ERR_SERVICE` for an invalid port or protocol, or too many; also for an invalid address
 */
export function* serviceVips(
  key: string,
  service: Service,
  endpoints: readonly Endpoint[],
  around: Surroundings,
  refuse: Refuse,
): Generator<void, ServiceVips> {
  const plan = new ServicePlan(key, service, around, refuse);
  const byName = endpointsByPort(endpoints);
  const ports: PlannedPort[] = [];
  for (const port of servicePorts(service)) {
    const ofPort = byName.get(portKey(port.name, port.protocol)) ?? [];
    const all = destinationsOf(ofPort, service.spec?.publishNotReadyAddresses === true, around.hosts);
    ports.push({ ...port, choices: { 4: choicesOf(all, 4), 6: choicesOf(all, 6) } });
    if (ports.length > 1) yield;
  }
  yield* plan.addPorts(ports, plan.fitsNodes);
  if (plan.hasHints && countOf(plan.drafts) > MOST_TARGETS) {
    plan.drafts.length = 0;
    yield* plan.addPorts(ports, false);
  }
  refuseMany(countOf(plan.drafts));
  return { vips: yield* withTexts(plan.drafts), refused: [...plan.refused, ...plan.masked.texts] };
}

interface PlannedPort extends ServicePort {
  readonly choices: Readonly<Record<Family, Choices>>;
}

/** Collects the virtual addresses of one service. */
class ServicePlan {
  readonly drafts: Draft[] = [];
  readonly refused = new Set<string>();
  readonly masked: MaskedClients;
  /** Whether hints have decided where a cluster address leads. */
  hasHints = false;
  /** Whether each node may have virtual addresses of its own for each port. */
  readonly fitsNodes: boolean;
  private readonly balancers = new Map<string, Balancer>();
  private readonly hasAffinity: boolean;
  private readonly inCluster: readonly IpAddress[];
  private readonly external: readonly IpAddress[];
  private readonly isLocalOutside: boolean;
  private readonly isLocalInside: boolean;
  private readonly isRestricted: boolean;

  constructor(
    private readonly key: string,
    service: Service,
    private readonly around: Surroundings,
    private readonly refuse: Refuse,
  ) {
    this.hasAffinity = hasAffinity(service);
    this.inCluster = clusterAddresses(service);
    this.external = externalAddresses(service);
    this.isLocalOutside = service.spec?.externalTrafficPolicy === 'Local';
    this.isLocalInside = service.spec?.internalTrafficPolicy === 'Local';
    this.isRestricted = sourceRanges(service) !== undefined;
    this.masked = new MaskedClients(around.gateways);
    const pairs = (service.spec?.ports ?? []).length * this.inCluster.length;
    this.fitsNodes = pairs * around.nodes.length <= MOST_AT_NODES;
    const loss = affinityLoss(service);
    if (loss !== undefined) this.refused.add(loss);
  }

  /** Adds ports at all addresses. Without `usesHints`, all nodes have the same at the cluster addresses. */
  *addPorts(ports: readonly PlannedPort[], usesHints: boolean): Generator<void> {
    for (const port of ports) {
      for (const ip of this.inCluster) this.addInside(ip, port, usesHints);
      for (const ip of this.external) this.addExternal(ip, port);
      for (const family of new Set(this.inCluster.map(familyOf))) this.addNodePort(family, port);
      if (ports.length > 1) yield;
    }
  }

  private addInside(ip: IpAddress, { protocol, port, choices }: PlannedPort, usesHints: boolean): void {
    const own = choices[familyOf(ip)];
    const vip = hostPort(ip, port);
    const { nodes } = this.around;
    if (this.isLocalInside) {
      for (const { node } of nodes) this.add({ node }, protocol, vip, local(own, node));
      return;
    }
    const differs = own.hasHints && nodes.some(({ node }) => this.near(own, node) !== own.everywhere);
    if (differs && !usesHints)
      this.refused.add('the hints of its endpoints are not used: nodes would have too many destinations');
    if (!differs || !usesHints) {
      this.add('cluster', protocol, vip, { destinations: own.everywhere });
      return;
    }
    this.hasHints = true;
    for (const { node } of nodes) this.add({ node }, protocol, vip, { destinations: this.near(own, node) });
  }

  private addExternal(ip: IpAddress, { protocol, port, choices }: PlannedPort): void {
    const { gateways } = this.around;
    const owners = gateways.filter(({ addresses }) => addresses.includes(ip));
    const isOwn = owners.length > 0;
    const ownRefusal = isOwn ? portRefusal(protocol, port) : undefined;
    if (ownRefusal !== undefined) {
      this.refused.add(`external address ${ip} port ${protocol} ${port} is refused: ${ownRefusal}`);
      return;
    }
    const vip = hostPort(ip, port);
    const refusal = this.refuse(ip, vip, isOwn);
    if (refusal !== undefined) {
      this.refused.add(`external address ${ip} is refused: ${refusal}`);
      return;
    }
    const own = choices[familyOf(ip)];
    const serving = isOwn ? owners : gateways.filter((one) => serves(one, ip));
    for (const gateway of serving) this.addAtGateway(gateway, protocol, vip, own, {});
    // Pods and hosts reach all endpoints there, whatever the policy for traffic from outside.
    if (!isOwn && serving.length > 0) this.add('cluster', protocol, vip, { destinations: own.everywhere });
  }

  private addNodePort(family: Family, { protocol, nodePort, choices }: PlannedPort): void {
    if (nodePort === undefined) return;
    const refusal = portRefusal(protocol, nodePort);
    if (refusal !== undefined) {
      this.refused.add(`node port ${protocol} ${nodePort} is refused: ${refusal}`);
      return;
    }
    const own = choices[family];
    const ofFamily = (ip: IpAddress) => familyOf(ip) === family;
    for (const gateway of this.around.gateways)
      for (const ip of gateway.addresses.filter(ofFamily)) {
        const vip = hostPort(ip, nodePort);
        this.addAtGateway(gateway, protocol, vip, own, { isNodePort: true });
        // Pods reach this address at the host, not at the gateway router, so the switches have it too.
        this.add('cluster', protocol, vip, { destinations: own.everywhere }, { isNodePort: true });
      }
    if (!this.isLocalOutside) return;
    if (!this.fitsNodes) {
      this.refused.add(
        'nodes without a gateway do not serve its node ports from outside: they would have too many virtual addresses',
      );
      return;
    }
    // A host sends what comes from outside to its router's address, and what pods and hosts send to the cluster's.
    for (const { node, routers } of this.around.nodes.filter(({ hasDaemon }) => hasDaemon)) {
      const here = local(own, node);
      for (const ip of routers.filter(ofFamily))
        this.add({ node }, protocol, hostPort(ip, nodePort), here, { isNodePort: true });
      this.masked.add(node, here.destinations);
    }
  }

  /** Adds a virtual address for clients outside. */
  private addAtGateway(
    { node, isShared, forcesSnat = false }: ServiceGateway,
    protocol: Vip['balancer']['protocol'],
    vip: string,
    own: Choices,
    more: Pick<Vip, 'isNodePort'>,
  ): void {
    if (this.isRestricted && !isShared) {
      this.refused.add(
        `gateway ${node} does not serve it: a gateway with a NIC of its own cannot enforce loadBalancerSourceRanges`,
      );
      return;
    }
    const choice: Choice = this.isLocalOutside ? local(own, node) : { destinations: this.near(own, node) };
    const refuses = choice.destinations.length === 0 && choice.isDropped !== true;
    const skipsSnat = refuses || (forcesSnat && this.isLocalOutside);
    this.add({ gateway: node }, protocol, vip, { ...choice, skipsSnat }, more);
  }

  private near(own: Choices, node: string): readonly Destination[] {
    return own.near({ node, zone: this.around.zones.get(node) });
  }

  private add(
    scope: Scope,
    protocol: Vip['balancer']['protocol'],
    vip: string,
    { destinations, isDropped = false, skipsSnat = false }: Choice,
    { isNodePort = false }: Pick<Vip, 'isNodePort'> = {},
  ): void {
    if (this.drafts.length === MOST_VIPS)
      throw new ProductError(
        'ERR_SERVICE',
        `it needs more than ${MOST_VIPS} virtual addresses; make several services of it`,
      );
    const family = vip.startsWith('[') ? 6 : 4;
    const balancer = this.balancerOf(scope, family, { protocol, isDropped, skipsSnat });
    this.drafts.push({ balancer, vip, destinations, isNodePort });
  }

  /** Returns the load balancer of a scope with these options, the same one for all its virtual addresses. */
  private balancerOf(scope: Scope, family: Family, policy: RowPolicy): Balancer {
    const { protocol, isDropped, skipsSnat } = policy;
    const hashBy = this.hasAffinity ? affinityHash(family, this.around.hashesIpv6) : undefined;
    const place = scope === 'cluster' ? '' : groupName(scope);
    const text = `${protocol} ${isDropped} ${skipsSnat} ${hashBy} ${place}`;
    const known = this.balancers.get(text);
    if (known !== undefined) return known;
    const options = rowOptions(policy);
    const balancer = { scope, protocol, service: this.key, options, ...(hashBy && { hashBy }) };
    this.balancers.set(text, balancer);
    return balancer;
  }
}

/** Returns the choice of a policy `Local` for a node. Kubernetes drops traffic that only other nodes could answer. */
function local(own: Choices, node: string): Choice {
  const destinations = own.local(node);
  return { destinations, isDropped: destinations.length === 0 && own.everywhere.length > 0 };
}

function refuseMany(targets: number): void {
  if (targets <= MOST_TARGETS) return;
  throw new ProductError(
    'ERR_SERVICE',
    `${targets} destinations of all its addresses together are more than ${MOST_TARGETS}; make several services of it`,
  );
}
