import test from 'ava';
import type { Cluster, Node } from '../../lab/cluster.js';
import type { Kubernetes } from '../../lab/kube.js';
import { startKubeCluster, startWatcher } from '../../lab/kube_cluster.js';
import { kubeTest } from '../../lab/kube_test.js';
import { endpointsManifest, serviceManifest } from '../../lab/manifests.js';
import type { Namespace } from '../../lab/namespace.js';
import {
  bridgeNics,
  CLUSTER_SUBNET,
  cniDirectories,
  gatewayInit,
  overlay,
  overlayWell,
  SERVICE_SUBNET,
  startGatewayHelper,
} from '../../lab/overlay.js';
import { askTargets, serveTargets, type Target } from '../../lab/targets.js';
import { until, when } from '../../lab/until.js';

/** Node subnets that are longer than the networks of switch `join`, and a gateway on two nodes (ovn-kubernetes#647). */
let cluster: Cluster;
let kubernetes: Kubernetes;
let pods: readonly Pod[];
const GATEWAYS = ['gw1', 'gw2'] as const;
test.before(async () => {
  if (process.getuid?.() !== 0) return;
  ({ cluster, kubernetes } = await startKubeCluster({ nodes: ['master', ...GATEWAYS], isDualStack: true }));
  await bridgeNics(cluster);
  for (const [index, node] of cluster.nodes.entries()) await overlayWell(node, ...init(node, index));
  for (const label of GATEWAYS) {
    await overlayWell(cluster.node(label), ...gatewayInit(cluster.node(label)));
    await startGatewayHelper(cluster.node(label));
  }
  await startWatcher(cluster.master);
  pods = await Promise.all(GATEWAYS.map((label, index) => startPod(cluster.node(label), index + 1)));
  for (const [index, pod] of pods.entries())
    for (const family of ['IPv4', 'IPv6'] as const)
      for (const protocol of ['TCP', 'UDP'] as const) await serve(pod, index, family, protocol);
});
test.after.always(() => cluster?.dispose());

kubeTest('node ports answer at the gateway where the pod is, and at the other one', async (t) => {
  await allAnswer();
  t.deepEqual(await reach(), ['pod-1', 'pod-2'], 'the pods reach each other');
});

kubeTest('node ports answer while the other gateway ramps the subnet of the pod out', async (t) => {
  const { v4, v6 } = subnets(1);
  await overlayWell(
    cluster.node('gw2'),
    ...gatewayInit(cluster.node('gw2'), `--rampout-ip-subnets=${v4},${v6}`),
  );
  await cluster.settled();
  await allAnswer();
  t.deepEqual(await reach(), ['pod-1', 'pod-2'], 'the pods reach each other');
});

kubeTest('a node whose subnet is shorter than that of a gateway is refused', async (t) => {
  const [node] = cluster.nodes;
  const wide =
    'minion-init --cluster-ip-subnet=10.244.0.0/16 --minion-switch-subnet=10.244.9.0/24 --node-name=wide';
  const { exitCode, stderr } = await overlay(
    node ?? t.fail(),
    ...wide.split(' '),
    ...cniDirectories(cluster.master),
  );
  t.is(exitCode, 1);
  t.regex(stderr, /10\.244\.2\.0\/26, which leaves by GR_gw2, is longer than 10\.244\.9\.0\/24 of node wide/);
});

interface Pod {
  readonly name: string;
  readonly net: Namespace;
  readonly v4: string;
  readonly v6: string;
}

/** Returns the subnets of node `n`, of 64 IPv4 addresses, and of 48 bits of IPv6. */
function subnets(n: number): { readonly v4: string; readonly v6: string } {
  return { v4: `10.244.2.${64 * (n - 1)}/26`, v6: `fd00:10:244:2:${n}::/80` };
}

function init(node: Node, index: number): readonly string[] {
  const { v4, v6 } = subnets(index === 0 ? 3 : index);
  const [command, option] = index === 0 ? ['master-init', 'master'] : ['minion-init', 'minion'];
  return [
    ...[command ?? '', `--cluster-ip-subnet=${CLUSTER_SUBNET}`, `--node-name=${node.host.label}`],
    `--${option}-switch-subnet=${v4},${v6}`,
    ...(index === 0 ? [`--service-ip-subnet=${SERVICE_SUBNET}`] : cniDirectories(node)),
  ];
}

async function startPod(node: Node, n: number): Promise<Pod> {
  const name = `pod-${n}`;
  const base = 64 * (n - 1);
  const [v4, v6] = [`10.244.2.${base + 16}`, `fd00:10:244:2:${n}::16`];
  const net = await cluster.pod(node, name, {
    on: node.host.label,
    mac: `0a:58:0a:f4:02:${(base + 16).toString(16)}`,
    addresses: [`${v4}/26`, `${v6}/80`],
    gateways: [`10.244.2.${base + 1}`, `fd00:10:244:2:${n}::1`],
  });
  await serveTargets(net, name, 8080, [v4, v6]);
  return { name, net, v4, v6 };
}

function nodePort(index: number, family: string, protocol: string): number {
  return 30_080 + 4 * index + (family === 'IPv4' ? 0 : 2) + (protocol === 'tcp' ? 0 : 1);
}

async function serve(
  pod: Pod,
  index: number,
  family: 'IPv4' | 'IPv6',
  protocol: 'TCP' | 'UDP',
): Promise<void> {
  const name = `${pod.name}-${family}-${protocol}`.toLowerCase();
  const ports = [{ port: 80, protocol, nodePort: nodePort(index, family, protocol.toLowerCase()) }];
  const ip = family === 'IPv4' ? pod.v4 : pod.v6;
  await kubernetes.apply(
    serviceManifest(name, { type: 'NodePort', ipFamilies: [family], ports }),
    endpointsManifest(name, { port: 8080, protocol }, [{ ip }]),
  );
}

/** Asks every node port at every gateway from outside, until every pod answers; the first packet of a tunnel is lost. */
async function allAnswer(): Promise<void> {
  const asked = pods.flatMap((pod, index) =>
    GATEWAYS.flatMap((label) =>
      (['tcp', 'udp'] as const).flatMap((protocol) =>
        (['IPv4', 'IPv6'] as const).map((family) => ({
          name: pod.name,
          protocol,
          address: family === 'IPv4' ? cluster.node(label).v4 : cluster.node(label).v6,
          port: nodePort(index, family, protocol),
        })),
      ),
    ),
  );
  let silent: readonly Target[] = asked;
  const ask = async () => {
    const answers = await askTargets(cluster.outside, asked);
    silent = asked.filter(({ name }, index) => answers[index]?.outcome !== name);
    return when(silent.length === 0);
  };
  await until('every node port to answer', ask, 30_000).catch((cause: unknown) => {
    throw new Error(`silent: ${JSON.stringify(silent)}`, { cause });
  });
}

/** Returns the pods that answer each other. */
async function reach(): Promise<(string | undefined)[]> {
  const [one, two] = pods;
  if (one === undefined || two === undefined) return [];
  const ask = async (from: Pod, to: Pod) =>
    (await askTargets(from.net, [{ protocol: 'tcp', address: to.v4, port: 8080 }]))[0]?.outcome;
  return [await ask(two, one), await ask(one, two)];
}
