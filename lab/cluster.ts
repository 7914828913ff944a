import { configure, listen, startCentral, startController } from './central.js';
import { type Host, startHost } from './host.js';
import { Lab } from './lab.js';
import { cable, softwareChecksums } from './link.js';
import type { Namespace } from './namespace.js';

/** The router of the nodes' network (RFC 5737, RFC 3849). Its namespace is also the outside world. */
export const ROUTER = { v4: '203.0.113.1', v6: '2001:db8::1' };
/** A host beyond the router. */
export const FAR = { v4: '198.51.100.7', v6: '2001:db8:ffff::7' };

/** A host of the cluster, with one NIC, eth0. */
export class Node {
  readonly v4: string;
  readonly v6: string;

  constructor(
    readonly host: Host,
    index: number,
  ) {
    this.v4 = `203.0.113.${10 + index}`;
    this.v6 = `2001:db8::${10 + index}`;
  }
}

export interface PodNetwork {
  /** `10.244.1.5/24`, `fd00:1::5/64`. */
  readonly addresses: readonly string[];
  readonly gateways: readonly string[];
  readonly mac: string;
  /** The pod's UID, which its logical port requires. */
  readonly uid?: string;
}

export interface PodOptions extends PodNetwork {
  /** The pod's logical switch. */
  readonly on: string;
}

/** Several hosts on one network. The first host has OVN's databases. */
export class Cluster {
  constructor(
    readonly lab: Lab,
    /** The router of the nodes' network, and the outside world. */
    readonly outside: Namespace,
    readonly nodes: readonly Node[],
  ) {}

  node(label: string): Node {
    const found = this.nodes.find(({ host }) => host.label === label);
    if (found === undefined) throw new Error(`the cluster has no node ${label}`);
    return found;
  }

  get master(): Node {
    const [first] = this.nodes;
    if (first === undefined) throw new Error('the cluster has no nodes');
    return first;
  }

  /** Runs `ovn-nbctl` on the master: tests read with it what the product wrote. */
  nbctl(...args: readonly string[]): Promise<string> {
    return this.master.host.exec(['ovn-nbctl', '--timeout=10', ...args]);
  }

  /** Waits until every node has applied the northbound database. */
  async settled(): Promise<void> {
    await this.nbctl('--wait=hv', 'sync');
  }

  /** Makes a namespace on a node, with a new logical port. */
  async pod(node: Node, name: string, { on, ...network }: PodOptions): Promise<Namespace> {
    const plain = network.addresses.map((address) => address.split('/')[0]);
    await this.nbctl(
      ...['--may-exist', 'lsp-add', on, name],
      ...['--', 'lsp-set-addresses', name, [network.mac, ...plain].join(' ')],
    );
    return this.plug(node, name, network);
  }

  /**
   * Makes a namespace on a node, and plugs it into the logical port of this name as the CNI plugin does.
   * @param netns the name of the namespace, if the port had another before
   */
  async plug(
    { host }: Node,
    name: string,
    { addresses, gateways, mac, uid }: PodNetwork,
    netns = name,
  ): Promise<Namespace> {
    const pod = await this.lab.namespace(netns);
    const outer = `v-${netns}`.slice(0, 15);
    await cable({ in: host.net, name: outer }, { in: pod, name: 'eth0', mac });
    // The host's kernel must not answer the pod's ARP requests for addresses of the host beside OVN.
    await host.net.ip(`link set dev ${outer} arp off`);
    await pod.ip(
      'link set eth0 mtu 1400',
      ...addresses.map((address) => `addr add ${address} dev eth0${address.includes(':') ? ' nodad' : ''}`),
      ...gateways.map((gateway) => `route add default via ${gateway}`),
    );
    await host.vsctl(
      ...['add-port', 'br-int', outer, '--', 'set', 'Interface', outer],
      ...[`external_ids:iface-id=${name}`, `external_ids:attached_mac="${mac}"`],
      ...(uid === undefined ? [] : [`external_ids:iface-id-ver=${uid}`]),
    );
    await this.nbctl('wait-until', 'Logical_Switch_Port', name, 'up=true');
    return pod;
  }

  /** Returns one line for each switch of the lab that crashed: a fault of Debian's OVS 3.1, not of the product. */
  async crashes(): Promise<string[]> {
    const counts = await Promise.all(
      this.nodes.map(async ({ host }) => ({ host, crashes: await host.switchCrashes() })),
    );
    return counts
      .filter(({ crashes }) => crashes > 0)
      .map(({ host, crashes }) => `ovs-vswitchd on ${host.label} aborted ${crashes} times`);
  }

  dispose(): void {
    this.lab.dispose();
  }
}

/**
 * Starts the hosts, OVN's databases and controllers. Each host has its addresses on a plain eth0, as a new node does.
 * No bridge exists: the product creates it.
 */
export async function startCluster({
  nodes = ['master', 'gw1'],
  prefix = 'lab',
  isConfigured = true,
}: {
  readonly nodes?: readonly string[];
  readonly prefix?: string;
  /** Whether each host has the settings that an operator makes once. */
  readonly isConfigured?: boolean;
} = {}): Promise<Cluster> {
  const lab = Lab.open(prefix);
  const outside = await startOutside(lab);
  const started = await Promise.all(
    nodes.map(async (label, index) => {
      const node = new Node(await startHost(lab, label), index);
      await attach(node, outside);
      return node;
    }),
  );
  const cluster = new Cluster(lab, outside, started);
  await startCentral(cluster.master.host);
  if (isConfigured) {
    await listen(cluster.master.host);
    const central = cluster.master.v4;
    await Promise.all(started.map(({ host, v4 }) => configure(host, { central, address: v4 })));
  }
  await Promise.all(started.map(({ host }) => startController(host)));
  return cluster;
}

/** Makes the outside world: a Linux bridge with the nodes' cables, and its addresses. */
export async function startOutside(lab: Lab): Promise<Namespace> {
  const outside = await lab.namespace('outside');
  await outside.ip(
    'link add lan type bridge mcast_snooping 0',
    'link set lan up',
    `addr add ${ROUTER.v4}/24 dev lan`,
    `addr add ${ROUTER.v6}/64 dev lan nodad`,
    `addr add ${FAR.v4}/32 dev lo`,
    `addr add ${FAR.v6}/128 dev lo nodad`,
  );
  await softwareChecksums({ in: outside, name: 'lan' });
  return outside;
}

async function attach({ host, v4, v6 }: Node, outside: Namespace): Promise<void> {
  await cable({ in: host.net, name: 'eth0' }, { in: outside, name: host.label });
  await outside.ip(`link set dev ${host.label} master lan`);
  await host.net.ip(
    `addr add ${v4}/24 dev eth0`,
    `addr add ${v6}/64 dev eth0 nodad`,
    `route add default via ${ROUTER.v4}`,
    `route add default via ${ROUTER.v6}`,
  );
}
