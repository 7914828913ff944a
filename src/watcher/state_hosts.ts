import { Kept } from '../daemon/kept.js';
import { Claims } from '../net/claims.js';
import { familyOf, type IpAddress } from '../net/ip.js';
import { JOIN_NETWORKS, ofFamily, routerAddresses } from '../ovn/addresses.js';
import type { NorthboundView } from '../ovn/connection.js';
import { readServiceSubnets, subnetsOf } from '../ovn/gateways.js';
import { KEYS } from '../ovn/keys.js';
import { type NodeHost, readNodeHosts } from '../ovn/node_hosts.js';

/** A node as services see it. */
export interface ServiceNode {
  readonly node: string;
  /** The addresses of the cluster router on the node's switch, one a family. */
  readonly routers: readonly IpAddress[];
  /** Whether `ovn-k8s-node` runs there, which serves node ports at the host's addresses. */
  readonly hasDaemon: boolean;
}

/** A host as an endpoint of a service. */
export interface HostEndpoint {
  readonly node: string;
  /** The address of the host's management port in the family of the host's own address. */
  readonly management: IpAddress;
}

/** What of the nodes differs from the last reading. */
export interface HostChanges {
  /** Whether a node was added, deleted, or changed in its subnets or in whether `ovn-k8s-node` runs there. */
  readonly isOther: boolean;
  /** The addresses of hosts that endpoints must be translated from differently now. */
  readonly moved: ReadonlySet<string>;
}

/** The nodes of the cluster, and the own addresses of their hosts as `ovn-k8s-node` writes them. */
export class HostBook {
  private readonly known = new Kept<readonly ServiceNode[]>([]);
  private owners: ReadonlyMap<string, HostEndpoint> = new Map();

  get nodes(): readonly ServiceNode[] {
    return this.known.value;
  }

  /** The hosts by their own addresses. */
  get hosts(): ReadonlyMap<string, HostEndpoint> {
    return this.owners;
  }

  /** Reads the rows again. A node whose subnets cannot be read is left out. */
  read(db: NorthboundView): HostChanges {
    const hosts = withoutCluster(db, readNodeHosts(db));
    const withDaemon = new Set(hosts.map(({ node }) => node));
    const nodes = db
      .filter('Logical_Switch', ({ external_ids }) => external_ids.has(KEYS.gatewayIp))
      .flatMap((row) => {
        const routers = routersOf(row);
        return routers.length === 0 ? [] : [{ node: row.name, routers, hasDaemon: withDaemon.has(row.name) }];
      })
      .sort((a, b) => (a.node < b.node ? -1 : 1));
    const owners = ownersOf(hosts);
    const before = this.known.value;
    const isOther = this.known.keep(nodes) !== before;
    const moved = changedKeys(this.owners, owners);
    if (moved.size > 0) this.owners = owners;
    return { isOther, moved };
  }
}

/** Returns the addresses of the cluster router on a node's switch; none if they cannot be read. */
function routersOf(row: Parameters<typeof subnetsOf>[0]): readonly IpAddress[] {
  return orNone(() => routerAddresses(subnetsOf(row))).map(({ address }) => address);
}

/** Returns what is read from rows, or none if they cannot be read. */
function orNone<T>(read: () => readonly T[]): readonly T[] {
  try {
    return read();
  } catch {
    return [];
  }
}

/**
 * Returns the hosts without addresses of pods, services and routers. Every node may write the northbound: none may so
 * take the traffic to another one's pod.
 */
function withoutCluster(db: NorthboundView, hosts: readonly NodeHost[]): NodeHost[] {
  const switches = db.filter('Logical_Switch', ({ external_ids }) => external_ids.has(KEYS.gatewayIp));
  const networks = [
    ...JOIN_NETWORKS,
    ...orNone(() => readServiceSubnets(db)),
    ...switches.flatMap((row) => orNone(() => subnetsOf(row))),
  ];
  const cluster = new Claims(networks.map((network) => ({ network, what: 'in the cluster' })));
  return hosts.map((host) => ({
    ...host,
    addresses: host.addresses.filter((ip) => cluster.whatIs(ip) === undefined),
  }));
}

/** Returns the hosts by their own addresses: the first of each family. Others may be on another host in a moment. */
function ownersOf(hosts: readonly NodeHost[]): ReadonlyMap<string, HostEndpoint> {
  const found = new Map<string, HostEndpoint>();
  for (const { node, addresses, management } of hosts)
    for (const family of [4, 6] as const) {
      const own = addresses.find((ip) => familyOf(ip) === family);
      const port = ofFamily(management, family);
      if (own !== undefined && port !== undefined && !found.has(own))
        found.set(own, { node, management: port.address });
    }
  return found;
}

function changedKeys(
  before: ReadonlyMap<string, HostEndpoint>,
  after: ReadonlyMap<string, HostEndpoint>,
): ReadonlySet<string> {
  const keys = new Set([...before.keys(), ...after.keys()]);
  return new Set([...keys].filter((ip) => JSON.stringify(before.get(ip)) !== JSON.stringify(after.get(ip))));
}
