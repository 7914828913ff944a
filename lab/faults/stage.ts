import { type Cluster, FAR, type Node, startCluster } from '../cluster.js';
import type { Kubernetes } from '../kube.js';
import { addKubernetes } from '../kube_cluster.js';
import { type KubePod, startKubePod } from '../kube_pod.js';
import { endpointsManifest, nodeManifest, serviceManifest } from '../manifests.js';
import { initCluster } from '../overlay.js';
import { Session } from '../session.js';
import { type Probe, Traffic } from '../traffic.js';
import { until, when } from '../until.js';
import { startProduct } from './daemons.js';

/** The servers of all probes listen here. */
const PORT = 7_000;
const NODE_PORT = 30_080;
/** How often a probe asks, in milliseconds. */
const EVERY_MS = 10;
/** New connections of pods come less often: they share 4,536 ports, each busy for a minute. */
const EVERY_NEW_MS = 100;
const READY_MS = 30_000;

/**
 * Hosts on which faults happen: `m` has OVN's databases, the API server and the watcher, `gw1` is a gateway, `n1` a node,
 * and `e1` a host with a NIC that is on no bridge yet. All traffic between them and the outside is probed.
 */
export class FaultStage {
  private constructor(
    readonly cluster: Cluster,
    readonly kubernetes: Kubernetes,
    readonly traffic: Traffic,
  ) {}

  static async start(): Promise<FaultStage> {
    const cluster = await startCluster({ nodes: ['m', 'gw1', 'n1', 'e1'] });
    try {
      return await FaultStage.fill(cluster);
    } catch (error) {
      cluster.dispose();
      throw error;
    }
  }

  private static async fill(cluster: Cluster): Promise<FaultStage> {
    const kubernetes = await addKubernetes(cluster, { isDualStack: true });
    const [m, gw1, n1] = ['m', 'gw1', 'n1'].map((label) => cluster.node(label)) as [Node, Node, Node];
    const nodes = [m, gw1, n1];
    await initCluster(cluster, ['gw1'], nodes);
    await kubernetes.apply(...nodes.map(({ host, v4, v6 }) => nodeManifest(host.label, v4, v6)));
    await startProduct('helper', gw1);
    await startProduct('watcher', m);
    await Promise.all(nodes.map((node) => startProduct('node daemon', node)));
    const pods = await Promise.all(
      [gw1, n1].map((node) => startKubePod({ cluster, kubernetes }, node, `pod-${node.host.label}`)),
    );
    await kubernetes.apply(
      serviceManifest('probed', {
        type: 'NodePort',
        ports: [{ port: 80, protocol: 'UDP', nodePort: NODE_PORT }],
      }),
      endpointsManifest(
        'probed',
        { port: PORT, protocol: 'UDP' },
        pods.map(({ addresses: [ip = ''] }) => ({ ip })),
      ),
    );
    const servers = [...cluster.nodes.map(({ host }) => host.net), ...pods.map(({ net }) => net)];
    await Promise.all([
      Session.serve(cluster.outside, PORT, [FAR.v4, FAR.v6]),
      ...servers.map((net) => Session.serve(net, PORT)),
    ]);
    await until(
      'load balancers',
      async () =>
        when(
          (await cluster.nbctl('--bare', '--columns=vips', 'list', 'Load_Balancer')).includes(
            `:${NODE_PORT}=`,
          ),
        ),
      READY_MS,
    );
    await cluster.settled();
    return new FaultStage(cluster, kubernetes, await Traffic.start(probesOf(cluster, pods)));
  }

  node(label: 'm' | 'gw1' | 'n1' | 'e1'): Node {
    return this.cluster.node(label);
  }

  get gateway(): Node {
    return this.node('gw1');
  }

  dispose(): void {
    this.cluster.dispose();
  }
}

function probesOf({ outside, nodes }: Cluster, pods: readonly KubePod[]): Probe[] {
  const gateway = nodes.find(({ host }) => host.label === 'gw1');
  const { v4 = '', v6 = '' } = gateway ?? {};
  const common = { port: PORT, everyMs: EVERY_MS } as const;
  const management = { ...common, class: 'management', from: outside } as const;
  const established = { ...common, class: 'established' } as const;
  const nodePort = { ...common, class: 'node port', from: outside, port: NODE_PORT } as const;
  return [
    ...nodes.map(
      (node): Probe => ({ ...management, name: `${node.host.label} v4`, kind: 'flow', address: node.v4 }),
    ),
    { ...management, name: 'gw1 v6', kind: 'flow', address: v6 },
    { ...management, name: 'gw1 new', kind: 'new', address: v4 },
    { ...management, name: 'gw1 tcp', kind: 'tcp', address: v4 },
    ...pods.flatMap(({ net }): Probe[] => [
      { ...established, name: `${labelOf(net.name)} v4`, from: net, kind: 'flow', address: FAR.v4 },
      { ...established, name: `${labelOf(net.name)} v6`, from: net, kind: 'flow', address: FAR.v6 },
      { ...established, name: `${labelOf(net.name)} tcp`, from: net, kind: 'tcp', address: FAR.v4 },
      {
        ...established,
        class: 'new',
        everyMs: EVERY_NEW_MS,
        name: `${labelOf(net.name)} new`,
        from: net,
        kind: 'new',
        address: FAR.v4,
      },
    ]),
    { ...nodePort, name: 'node port', kind: 'flow', address: v4 },
    { ...nodePort, name: 'node port new', everyMs: EVERY_NEW_MS, kind: 'new', address: v4 },
  ];
}

/** Returns `pod-gw1` for the namespace `lab-123-1-pod-gw1`. */
function labelOf(namespace: string): string {
  return namespace.replace(/^\w+-\d+-\d+-/, '');
}
