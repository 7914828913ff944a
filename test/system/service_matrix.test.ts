import test, { type ExecutionContext } from 'ava';
import type { Cluster, Node } from '../../lab/cluster.js';
import type { Kubernetes } from '../../lab/kube.js';
import { startKubeCluster, startWatcher } from '../../lab/kube_cluster.js';
import { startKubePod } from '../../lab/kube_pod.js';
import { kubeTest } from '../../lab/kube_test.js';
import { endpointsManifest, nodeManifest, serviceManifest } from '../../lab/manifests.js';
import type { Namespace } from '../../lab/namespace.js';
import { initCluster, startGatewayHelper, startNodeDaemon } from '../../lab/overlay.js';
import { askTargets, serveTargets, type Target, type TargetAnswer } from '../../lab/targets.js';
import { until, when } from '../../lab/until.js';

/** Every client to every kind of service: a real API server, a gateway, and two nodes that are none. */
const NODES = ['master', 'gw1', 'n2'] as const;
const POD_PORT = 8080;
const HOST_PORT = 9090;
const PORT = 80;
/** How long the watcher may take for the load balancers of a service. */
const SETTLED_MS = 20_000;

/** A kind of service: its endpoints, and who may answer. */
interface Kind {
  readonly name: string;
  readonly nodePort: number;
  /** The servers' names; nobody if the service has no endpoints. */
  readonly servers: readonly string[];
  /** The last part of its external addresses. */
  readonly external: number;
}

const KINDS: readonly Kind[] = [
  { name: 'pods', nodePort: 30_081, external: 81, servers: ['pod-gw1', 'pod-n2'] },
  { name: 'host-master', nodePort: 30_082, external: 82, servers: ['host-master'] },
  { name: 'host-gw1', nodePort: 30_083, external: 83, servers: ['host-gw1'] },
  { name: 'host-n2', nodePort: 30_084, external: 84, servers: ['host-n2'] },
  { name: 'pods-and-hosts', nodePort: 30_085, external: 85, servers: ['pod-master', 'host-gw1', 'host-n2'] },
  { name: 'none', nodePort: 30_086, external: 86, servers: [] },
];

/** Whether a client asks a target: cluster IPs are inside the cluster only. */
function isAsked(client: string, { place }: Cell): boolean {
  return client !== 'outside' || place !== 'cluster IP';
}

let cluster: Cluster;
let kubernetes: Kubernetes;
/** The addresses of each server by its name, one a family. */
const servers = new Map<
  string,
  { readonly node: string; readonly port: number; readonly ips: readonly string[] }
>();
const clients = new Map<string, Namespace>();
test.before(async () => {
  if (process.getuid?.() !== 0) return;
  ({ cluster, kubernetes } = await startKubeCluster({ nodes: NODES, isDualStack: true }));
  await initCluster(cluster, ['gw1']);
  await kubernetes.apply(...cluster.nodes.map(({ host, v4, v6 }) => nodeManifest(host.label, v4, v6)));
  await startGatewayHelper(cluster.node('gw1'));
  // Kubernetes requires it of a node, and node ports of a node that is no gateway need it.
  const forwarding = { 'net.ipv4.ip_forward': 1, 'net.ipv6.conf.all.forwarding': 1 };
  await Promise.all(cluster.nodes.map(({ host }) => host.net.sysctl(forwarding)));
  await Promise.all(cluster.nodes.map((node) => startNodeDaemon(node)));
  await startWatcher(cluster.master);
  await Promise.all(cluster.nodes.flatMap((node) => [startPod(node), startHostServer(node)]));
  clients.set('outside', cluster.outside);
  await kubernetes.apply(...KINDS.flatMap(manifestsOf));
});
test.after.always(async (t) => {
  for (const crash of (await cluster?.crashes()) ?? []) t.log(crash);
  cluster?.dispose();
});

for (const kind of KINDS) {
  kubeTest(`every client reaches a service of ${kind.servers.join(', ') || 'nobody'}, at each address`, (t) =>
    isAnswered(t, kind),
  );
}

kubeTest('no frame of a pod was dropped at the bridge', async (t) => {
  const shown = await cluster.node('gw1').host.appctl('-t', 'ovn-k8s-gateway-helper', 'demux/show');
  t.log(shown);
  t.regex(shown, /^pod-drop +0\b/m);
});

/** Asks every address of a service from every client. */
async function isAnswered(t: ExecutionContext, kind: Kind): Promise<void> {
  const addresses = await served(kind);
  const wrong: string[] = [];
  const cells = await Promise.all(
    [...clients].map(async ([client, net]) => {
      const targets = targetsOf(kind, addresses).filter((cell) => isAsked(client, cell));
      const answers = await askTargets(net, targets);
      return targets.map((target, index) => ({ client, target, answer: answers[index] }));
    }),
  );
  for (const { client, target, answer } of cells.flat())
    if (!isRight(kind, answer))
      wrong.push(
        `${client} -> ${target.place}, ${target.protocol} ${target.address}: ${answer?.outcome} after ${answer?.ms} ms`,
      );
  t.deepEqual(wrong, []);
}

function isRight({ servers }: Kind, answer: TargetAnswer | undefined): boolean {
  const expected = servers.length === 0 ? ['refused'] : servers;
  return answer !== undefined && expected.includes(answer.outcome);
}

interface Cell extends Target {
  readonly place: string;
}

function targetsOf({ nodePort, external }: Kind, clusterIps: readonly string[]): Cell[] {
  const [gateway, other] = [cluster.node('gw1'), cluster.node('n2')];
  const places: readonly [place: string, addresses: readonly string[], port: number][] = [
    ['cluster IP', clusterIps, PORT],
    ['node port of the gateway', [gateway.v4, gateway.v6], nodePort],
    ['node port of a node that is none', [other.v4, other.v6], nodePort],
    ['external address', externalIps(external), PORT],
  ];
  return places.flatMap(([place, addresses, port]) =>
    addresses.flatMap((address) =>
      (['tcp', 'udp'] as const).map((protocol) => ({ place, protocol, address, port })),
    ),
  );
}

function externalIps(last: number): readonly string[] {
  return [`203.0.113.${last}`, `2001:db8::${last}`];
}

/** Waits until all parts have taken a service over; returns its cluster IPs. */
async function served({ name, nodePort }: Kind): Promise<readonly string[]> {
  const ips = await kubernetes.kubectl('get', 'service', name, '--output=jsonpath={.spec.clusterIPs[*]}');
  const found = ips.split(' ').filter(Boolean);
  await until(`the load balancers of ${name}`, () => contains(cluster.master, VIPS, found), SETTLED_MS);
  for (const node of cluster.nodes)
    await until(`port ${nodePort} in the table`, () => contains(node, TABLE, [`${nodePort}`]), SETTLED_MS);
  const flow = [`tp_dst=${nodePort}`];
  await until(`a flow of ${name}`, () => contains(cluster.node('gw1'), FLOWS, flow), SETTLED_MS);
  await cluster.settled();
  return found;
}

const VIPS = ['ovn-nbctl', '--bare', '--columns=vips', 'list', 'Load_Balancer'];
const TABLE = ['nft', 'list', 'table', 'inet', 'ovn-k8s-node'];
const FLOWS = ['ovs-ofctl', '--no-stats', 'dump-flows', 'breth0'];

async function contains({ host }: Node, argv: readonly string[], texts: readonly string[]) {
  const { stdout } = await host.net.attempt(argv);
  return when(texts.every((text) => stdout.includes(text)));
}

function manifestsOf({ name, nodePort, external, servers: names }: Kind): object[] {
  const ports = ['TCP', 'UDP'].map((protocol) => ({
    name: protocol.toLowerCase(),
    protocol,
    port: PORT,
    nodePort,
  }));
  const spec = {
    type: 'NodePort',
    ipFamilyPolicy: 'RequireDualStack',
    externalIPs: externalIps(external),
    ports,
  };
  return [serviceManifest(name, spec), endpointsOf(name, names)];
}

/** Returns the Endpoints of a service with a subset for each port of its servers, for TCP and for UDP. */
function endpointsOf(name: string, names: readonly string[]): object {
  const subsets = names.flatMap((server) => {
    const { node, port, ips } = servers.get(server) ?? { node: '', port: 0, ips: [] };
    const addresses = ips.map((ip) => ({ ip, nodeName: node }));
    return [
      {
        addresses,
        ports: ['TCP', 'UDP'].map((protocol) => ({ name: protocol.toLowerCase(), port, protocol })),
      },
    ];
  });
  return { ...endpointsManifest(name, { port: POD_PORT }, []), subsets };
}

/** Creates a pod, runs the plugin for it, and starts its servers. It is a client too. */
async function startPod(node: Node): Promise<void> {
  const { label } = node.host;
  const name = `pod-${label}`;
  const { net, addresses } = await startKubePod({ cluster, kubernetes }, node, name);
  await serveTargets(net, name, POD_PORT, addresses);
  servers.set(name, { node: label, port: POD_PORT, ips: addresses });
  clients.set(name, net);
}

/** Starts the servers of a host, which listen on its own addresses only. */
async function startHostServer({ host, v4, v6 }: Node): Promise<void> {
  const name = `host-${host.label}`;
  await serveTargets(host.net, name, HOST_PORT, [v4, v6]);
  servers.set(name, { node: host.label, port: HOST_PORT, ips: [v4, v6] });
  clients.set(name, host.net);
}
