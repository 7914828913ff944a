import type { Problems } from '../daemon/problems.js';
import type { Cidr } from '../net/cidr.js';
import type { IpAddress } from '../net/ip.js';
import { JOIN_NETWORKS, managementAddresses } from '../ovn/addresses.js';
import { commitComputed } from '../ovn/commit.js';
import type { Northbound, NorthboundTransaction, NorthboundView } from '../ovn/connection.js';
import {
  clusterRouterRow,
  readGateways,
  readNodeSubnets,
  readServed,
  readServiceSubnets,
} from '../ovn/gateways.js';
import { KEYS } from '../ovn/keys.js';
import { gatewayRouterName } from '../ovn/names.js';
import { hostRows, hostTranslations, type NodeHost, readNodeHosts } from '../ovn/node_hosts.js';
import { addressPrefix } from '../ovn/routes.js';
import { reconcileRows } from '../ovn/rows.js';
import type { Uuid } from '../ovsdb/columns.js';
import {
  type ClusterAddresses,
  firstOfEach,
  type HostFacts,
  hostAddresses,
  withoutTaken,
} from './desired_host_addresses.js';

/** The tables of the northbound that {@link NorthboundHost} reads. */
export const HOST_TABLES = [
  'Address_Set',
  'Logical_Router',
  'Logical_Router_Port',
  'Logical_Router_Static_Route',
  'Logical_Switch',
  'NAT',
] as const;
const READ: ReadonlySet<string> = new Set(HOST_TABLES);

/** This node, as its init command wrote it into the local database. */
export interface NodeFacts {
  readonly node: string;
  /** The subnets of all pods. */
  readonly clusterSubnets: readonly Cidr[];
}

const OWNER = 'host addresses';
const COMMENT = 'ovn-k8s-node';
/** How long the database may take to answer, in milliseconds. */
const TIMEOUT_MS = 5_000;

/**
 * Keeps what the northbound knows about this host's addresses, so that pods of every node reach them by the tunnel: the
 * list on the node's switch, a route for each address to the management port, and a SNAT rule on each other gateway.
 */
export class NorthboundHost {
  /** The addresses that the last step saw. All are new at the first one: this host may have been down for long. */
  private former: ReadonlySet<string> = new Set();
  /** The database that {@link hasChanged} is about. */
  private followed: Northbound | undefined;
  private hasChanged = true;
  /** The facts of the last step that succeeded, as text. */
  private applied = '';

  constructor(private readonly problems: Pick<Problems, 'set'>) {}

  /** Writes what differs, in one transaction; nothing without a connection. @throws TransactionError, OutcomeUnknown */
  async apply(nb: Northbound | undefined, facts: NodeFacts, host: HostFacts): Promise<void> {
    if (nb?.isConnected !== true) return;
    this.follow(nb);
    // With 1,000 nodes a comparison takes some 20 ms, and most steps are about services.
    const key = JSON.stringify([facts.node, facts.clusterSubnets, host]);
    if (!this.hasChanged && key === this.applied) return;
    this.applied = '';
    this.hasChanged = false;
    const present = new Set(host.addresses.map(({ address }): string => address));
    const hasArrived = (address: string) => !this.former.has(address) && present.has(address);
    if ([...present].some(hasArrived))
      await this.commit(nb, (txn) => takeOver(nb, txn, facts, { ...host, hasArrived }));
    let found: readonly string[] = [];
    await this.commit(nb, (txn) => {
      found = reconcileHost(nb, txn, facts, host);
    });
    this.former = present;
    this.applied = key;
    this.problems.set(OWNER, found);
  }

  private follow(nb: Northbound): void {
    if (this.followed === nb) return;
    this.followed = nb;
    this.hasChanged = true;
    nb.onChange((changes) => {
      if (changes.some(({ table }) => READ.has(table))) this.hasChanged = true;
    });
  }

  private commit(nb: Northbound, build: (txn: NorthboundTransaction) => void): Promise<void> {
    return commitComputed(nb, { comment: COMMENT, timeoutMs: TIMEOUT_MS }, build);
  }
}

/**
 * Adds to `txn` what makes the rows of this host right; nothing if they are.
 * @returns the problems that the operator must solve
 */
export function reconcileHost(
  nb: NorthboundView,
  txn: NorthboundTransaction,
  { node, clusterSubnets }: NodeFacts,
  host: HostFacts,
): readonly string[] {
  const router = clusterRouterRow(nb);
  if (router === undefined) return ['waiting for the cluster router; run master-init'];
  const row = nb.find('Logical_Switch', ({ name }) => name === node);
  if (row === undefined) return [`node ${node} has no Logical_Switch; run minion-init there`];
  const management = managementAddresses(readNodeSubnets(nb, node));
  const all = hostAddresses(host, clusterAddresses(nb, clusterSubnets));
  const { addresses, problems } = withoutTaken(all, ownerOf(nb, router.static_routes, node, management));
  // The route to the address that this host and its gateway router share stays as long as the gateway wants it.
  const gateways = readGateways(nb, () => {});
  const shared = gateways
    .filter((gateway) => gateway.node === node && gateway.isShared)
    .flatMap(({ physical }) => physical);
  const sets = new Set([...nb.table('Address_Set').values()].map(({ name }) => name));
  reconcileRows(nb, txn, [
    ...hostRows(router.name, { node, addresses, management }, shared),
    ...hostTranslations(gateways, { node, addresses }, (set) => sets.has(set)),
  ]);
  // minion-deinit may have deleted the switch since: no route may then be left behind.
  if (!txn.isEmpty) txn.expect('Logical_Switch', row._uuid, { name: node });
  return problems;
}

/** Returns the addresses that are the cluster's, not a host's. */
export function clusterAddresses(nb: NorthboundView, clusterSubnets: readonly Cidr[]): ClusterAddresses {
  return {
    networks: [...clusterSubnets, ...readServiceSubnets(nb), ...JOIN_NETWORKS],
    served: new Set([...readServed(nb).values()].flatMap((all) => [...all])),
  };
}

/** Returns the question of what has an address already. */
function ownerOf(
  nb: NorthboundView,
  routes: readonly string[],
  node: string,
  management: readonly Cidr[],
): (address: IpAddress) => string | undefined {
  const hosts = readNodeHosts(nb).filter((one) => one.node !== node);
  const gateways = readGateways(nb, () => {}).filter((one) => one.node !== node);
  const ofRouter = new Set<string>(routes);
  const operators = [...nb.table('Logical_Router_Static_Route').values()].filter(
    ({ _uuid, external_ids, nexthop }) =>
      ofRouter.has(_uuid) &&
      !external_ids.has(KEYS.host) &&
      !external_ids.has(KEYS.gateway) &&
      !management.some(({ address }) => address === nexthop),
  );
  return (address) => {
    const host = hosts.find(({ addresses }) => addresses.includes(address));
    if (host !== undefined) return `an address of node ${host.node}`;
    const gateway = gateways.find(({ physical }) => physical.includes(address));
    if (gateway !== undefined) return `the address of gateway ${gateway.node}`;
    const route = operators.find(
      ({ ip_prefix }) => ip_prefix === addressPrefix(address) || ip_prefix === address,
    );
    return route === undefined ? undefined : `sent to ${route.nexthop} by a route of the cluster router`;
  };
}

/**
 * Adds to `txn` what takes addresses that have arrived at this host from other nodes: the node that had them before may be
 * dead (keepalived, kube-vip). A host's own address is never taken.
 */
export function takeOver(
  nb: NorthboundView,
  txn: NorthboundTransaction,
  { node, clusterSubnets }: NodeFacts,
  host: HostFacts & { readonly hasArrived: (address: string) => boolean },
): void {
  const arrived = new Set(hostAddresses(host, clusterAddresses(nb, clusterSubnets)).filter(host.hasArrived));
  const router = clusterRouterRow(nb);
  const taken = readNodeHosts(nb)
    .filter((other) => other.node !== node)
    .map((other) => ({ other, gone: secondAddresses(other).filter((address) => arrived.has(address)) }))
    .filter(({ gone }) => gone.length > 0);
  if (router === undefined || taken.length === 0) return;
  const routes = taken.flatMap(({ other, gone }) => routesTo(nb, router.static_routes, other, gone));
  dropTranslations(nb, txn, node, taken);
  txn.expect('Logical_Router', router._uuid, { static_routes: router.static_routes });
  if (routes.length > 0) txn.mutate('Logical_Router', router._uuid, { static_routes: { delete: routes } });
  for (const { other, gone } of taken) {
    const row = nb.find('Logical_Switch', ({ name }) => name === other.node);
    if (row === undefined) continue;
    const rest = other.addresses.filter((address) => !gone.includes(address));
    txn.expect('Logical_Switch', row._uuid, { external_ids: row.external_ids });
    txn.mutate('Logical_Switch', row._uuid, {
      external_ids: { set: { [KEYS.hostAddresses]: rest.join(',') } },
    });
  }
}

/** An address that was another node's until now. */
interface Taken {
  readonly other: NodeHost;
  readonly gone: readonly IpAddress[];
}

/** Deletes the rules for these addresses on the gateway router of `node`, which translates its own host's never. */
function dropTranslations(
  nb: NorthboundView,
  txn: NorthboundTransaction,
  node: string,
  taken: readonly Taken[],
): void {
  const row = nb.find('Logical_Router', ({ name }) => name === gatewayRouterName(node));
  if (row === undefined) return;
  const rows = nb.table('NAT');
  const rules = row.nat.filter((uuid) => {
    const rule = rows.get(uuid);
    const isOf = ({ other, gone }: Taken) =>
      rule?.external_ids.get(KEYS.host) === other.node && gone.some((address) => address === rule.logical_ip);
    return taken.some(isOf);
  });
  if (rules.length > 0) txn.mutate('Logical_Router', row._uuid, { nat: { delete: rules } });
}

/** Returns the addresses of a host that are not its own. */
function secondAddresses({ addresses }: NodeHost): IpAddress[] {
  const own = firstOfEach(addresses);
  return addresses.filter((address) => !own.includes(address));
}

/** Returns the routes to addresses of a host. */
function routesTo(
  nb: NorthboundView,
  routes: readonly Uuid[],
  { node }: NodeHost,
  addresses: readonly IpAddress[],
): Uuid[] {
  const prefixes = addresses.map(addressPrefix);
  const rows = nb.table('Logical_Router_Static_Route');
  return routes.filter((uuid) => {
    const row = rows.get(uuid);
    return row?.external_ids.get(KEYS.host) === node && prefixes.includes(row.ip_prefix);
  });
}
