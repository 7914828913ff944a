import { type Cluster, type Node, startCluster } from './cluster.js';
import type { Kubernetes } from './kube.js';
import { addKubernetes, startWatcher } from './kube_cluster.js';
import { startKubePod } from './kube_pod.js';
import { nodeManifest, serviceManifest } from './manifests.js';
import type { Namespace } from './namespace.js';
import { initCluster, startGatewayHelper, startNodeDaemon } from './overlay.js';
import { askTargets, serveTargets, type Target, type TargetAnswer } from './targets.js';
import { until, when } from './until.js';

/** A server of TCP and UDP, in a pod, on a host, or outside the cluster. */
export interface Server {
  readonly name: string;
  readonly net: Namespace;
  /** The node that it runs on; `undefined` outside the cluster. */
  readonly node: string | undefined;
  readonly port: number;
  /** Its addresses, one a family. */
  readonly ips: readonly string[];
}

/** Returns the targets at addresses: TCP and UDP. */
export function targetsAt(addresses: readonly string[], port: number): Target[] {
  return addresses.flatMap((address) =>
    (['tcp', 'udp'] as const).map((protocol) => ({ protocol, address, port })),
  );
}

/** Asks targets again and again, until every answer is right: services take a moment to reach every host. */
export async function untilAnswered(
  from: Namespace,
  targets: readonly Target[],
  isRight: (answer: TargetAnswer) => boolean,
): Promise<void> {
  let wrong: readonly string[] = [];
  try {
    await until(
      'all answers to be right',
      async () => {
        const answers = await askTargets(from, targets);
        wrong = answers.flatMap((answer, index) => {
          const { protocol, address, port } = targets[index] ?? {};
          return isRight(answer) ? [] : [`${protocol} ${address} ${port}: ${JSON.stringify(answer)}`];
        });
        return when(wrong.length === 0);
      },
      20_000,
    );
  } catch (cause) {
    throw new Error(`${from.name} has wrong answers:\n${wrong.join('\n')}`, { cause });
  }
}

/** The whole product on a real API server, with a server `pod-NODE` and a server `host-NODE` on every node. */
export class ServiceCluster {
  private constructor(
    readonly cluster: Cluster,
    readonly kubernetes: Kubernetes,
    private readonly all: Map<string, Server>,
  ) {}

  static async start(nodes: readonly string[], gateways: readonly string[]): Promise<ServiceCluster> {
    const cluster = await startCluster({ nodes });
    const kubernetes = await addKubernetes(cluster, { isDualStack: true });
    const { master } = cluster;
    await initCluster(cluster, gateways);
    await kubernetes.apply(...cluster.nodes.map(({ host, v4, v6 }) => nodeManifest(host.label, v4, v6)));
    await Promise.all(gateways.map((gateway) => startGatewayHelper(cluster.node(gateway))));
    await Promise.all(cluster.nodes.map((node) => startNodeDaemon(node)));
    await startWatcher(master);
    const servers = await Promise.all(
      cluster.nodes.flatMap((node) => [startPod(cluster, kubernetes, node), startOnHost(node)]),
    );
    return new ServiceCluster(cluster, kubernetes, new Map(servers.map((one) => [one.name, one])));
  }

  get servers(): ReadonlyMap<string, Server> {
    return this.all;
  }

  server(name: string): Server {
    const found = this.all.get(name);
    if (found === undefined) throw new Error(`there is no server ${name}`);
    return found;
  }

  /** Makes an endpoint of a server that a test has started, at the addresses of another one and a port of its own. */
  addBeside(other: string, name: string, port: number): Server {
    const added = { ...this.server(other), name, port };
    this.all.set(name, added);
    return added;
  }

  /** Starts a server outside the cluster, at addresses that the outside world has. */
  async serveOutside(name: string, port: number, ips: readonly string[]): Promise<void> {
    const { outside } = this.cluster;
    await serveTargets(outside, name, port, ips);
    this.all.set(name, { name, net: outside, node: undefined, port, ips });
  }

  /** Creates or changes a dual-stack service of TCP and UDP and, as a controller would, its endpoints. */
  async serve(name: string, port: number, spec: object, servers: readonly string[]): Promise<void> {
    const ports = ['TCP', 'UDP'].map((protocol) => ({
      name: protocol.toLowerCase(),
      protocol,
      port,
      ...('type' in spec && { nodePort: 30_000 + port }),
    }));
    const manifest = serviceManifest(name, { ipFamilyPolicy: 'RequireDualStack', ports, ...spec });
    await this.kubernetes.apply(manifest, this.endpoints(name, servers));
  }

  /** Replaces the endpoints of a service; resolves when the API server has them. */
  async moveTo(name: string, servers: readonly string[]): Promise<void> {
    await this.kubernetes.apply(this.endpoints(name, servers));
  }

  /** Returns a service's cluster addresses, once OVN's rows have them on every host. */
  async clusterIps(name: string): Promise<readonly string[]> {
    const found = await this.kubernetes.kubectl(
      ...['get', 'service', name, '--output=jsonpath={.spec.clusterIPs[*]}'],
    );
    const ips = found.split(' ');
    await until(`the load balancers of ${name}`, async () => {
      const vips = await this.cluster.nbctl('--bare', '--columns=vips', 'list', 'Load_Balancer');
      return when(ips.every((ip) => vips.includes(ip)));
    });
    await this.cluster.settled();
    return ips;
  }

  private endpoints(name: string, servers: readonly string[]): object {
    const subsets = servers.map((server) => {
      const { node, port, ips } = this.server(server);
      const ports = ['TCP', 'UDP'].map((protocol) => ({ name: protocol.toLowerCase(), protocol, port }));
      return { addresses: ips.map((ip) => ({ ip, ...(node && { nodeName: node }) })), ports };
    });
    return { apiVersion: 'v1', kind: 'Endpoints', metadata: { name, namespace: 'default' }, subsets };
  }
}

async function startPod(cluster: Cluster, kubernetes: Kubernetes, node: Node): Promise<Server> {
  const name = `pod-${node.host.label}`;
  const { net, addresses } = await startKubePod({ cluster, kubernetes }, node, name);
  await serveTargets(net, name, 8080, addresses);
  return { name, net, node: node.host.label, port: 8080, ips: addresses };
}

/** Starts a server that listens on the host's own addresses only. */
async function startOnHost({ host, v4, v6 }: Node): Promise<Server> {
  const name = `host-${host.label}`;
  await serveTargets(host.net, name, 9090, [v4, v6]);
  return { name, net: host.net, node: host.label, port: 9090, ips: [v4, v6] };
}
