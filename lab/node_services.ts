import type { Cluster, Node } from './cluster.js';
import type { Kubernetes } from './kube.js';
import { startKubePod } from './kube_pod.js';
import { endpointsManifest, serviceManifest } from './manifests.js';
import type { Namespace } from './namespace.js';
import { serveTargets } from './targets.js';
import { until, when } from './until.js';

const PROTOCOLS = ['tcp', 'udp'] as const;

export interface ServingPod {
  readonly name: string;
  readonly node: Node;
  readonly net: Namespace;
  readonly addresses: readonly string[];
}

/** Makes services with chosen node ports, and pods with host ports, for the tests of ovn-k8s-node. */
export class NodeServices {
  /** The cluster addresses of each service, one a family. */
  readonly clusterIps = new Map<string, readonly string[]>();

  constructor(
    private readonly cluster: Cluster,
    private readonly kubernetes: Kubernetes,
  ) {}

  /** Starts a pod whose server answers at port 8080, and reports its addresses as kubelet does. */
  async startPod(on: Node, name: string, spec: object): Promise<ServingPod> {
    const { cluster, kubernetes } = this;
    const { net, addresses } = await startKubePod({ cluster, kubernetes }, on, name, spec);
    await this.report(name, addresses);
    await serveTargets(net, name, 8080, addresses);
    return { name, node: on, net, addresses };
  }

  /** Creates a dual-stack service and, as a controller would, its endpoints. A load balancer has one protocol only. */
  async serve(
    name: string,
    { nodePort, ...spec }: { readonly nodePort: number; readonly [field: string]: unknown },
    port: number,
    endpoints: readonly { readonly ip: string; readonly node: string }[],
  ): Promise<void> {
    const protocols = spec.type === 'LoadBalancer' ? (['tcp'] as const) : PROTOCOLS;
    const named = protocols.map((one) => ({ name: one, protocol: one.toUpperCase() }));
    const dualStack = { ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv4', 'IPv6'] };
    const ports = named.map((one) => ({ ...one, port: 80, nodePort }));
    const list = endpointsManifest(name, { port }, endpoints) as { subsets: object[] };
    await this.kubernetes.apply(serviceManifest(name, { type: 'NodePort', ...dualStack, ...spec, ports }), {
      ...list,
      subsets: list.subsets.map((one) => ({ ...one, ports: named.map((of) => ({ ...of, port })) })),
    });
    const text = await this.kubernetes.kubectl(
      'get',
      'service',
      name,
      '--output=jsonpath={.spec.clusterIPs}',
    );
    this.clusterIps.set(name, JSON.parse(text));
  }

  /** Waits until each node has this many node ports in its table. */
  async everyNodeTranslates(nodePorts: number): Promise<void> {
    for (const { host } of this.cluster.nodes)
      await until(`${nodePorts} node ports at ${host.label}`, async () => {
        const { counts } = JSON.parse(await host.appctl('-t', 'ovn-k8s-node', 'status', '--json'));
        return when(counts.nodePorts === nodePorts);
      });
  }

  /** Counts the frames from hosts to services' addresses that reach the network outside. */
  async countServiceFrames(): Promise<void> {
    const devices = this.cluster.nodes.map(({ host }) => host.label).join(', ');
    await this.cluster.outside.exec(['nft', '-f', '-'], {
      input: [
        'table netdev watched {',
        '  counter to_services { }',
        '  chain ingress {',
        `    type filter hook ingress devices = { ${devices} } priority 0;`,
        '    ip daddr { 10.96.0.0/16, 203.0.113.80 } counter name to_services',
        '    ip6 daddr { fd00:10:96::/112, 2001:db8::80 } counter name to_services',
        '  }',
        '}',
        '',
      ].join('\n'),
    });
  }

  /** Reports a pod's addresses, as kubelet does. */
  private async report(name: string, addresses: readonly string[]): Promise<void> {
    const pod = JSON.parse(await this.kubernetes.kubectl('get', 'pod', name, '--output=json'));
    const status = { phase: 'Running', podIP: addresses[0], podIPs: addresses.map((ip) => ({ ip })) };
    await this.kubernetes.replaceRaw(`/api/v1/namespaces/default/pods/${name}/status`, { ...pod, status });
  }
}

/** Returns what ovn-k8s-node's table has, with the kernel's handles; the kernel lists the elements of a set in any order. */
export async function tableOf({ net }: Node['host']): Promise<string[]> {
  const { nftables } = JSON.parse(await net.exec(['nft', '-j', 'list', 'table', 'inet', 'ovn-k8s-node']));
  return (nftables as Record<string, { elem?: unknown[] }>[]).flatMap((object) =>
    Object.entries(object).map(([kind, { elem = [], ...rest }]) =>
      JSON.stringify([kind, rest, elem.map((one) => JSON.stringify(one)).sort()]),
    ),
  );
}
