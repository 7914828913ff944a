import test from 'ava';
import { ROUTER } from '../../lab/cluster.js';
import { kubeTest as realTest } from '../../lab/kube_test.js';
import { endpointsManifest, serviceManifest } from '../../lab/manifests.js';
import type { Namespace } from '../../lab/namespace.js';
import { NodeServices, type ServingPod } from '../../lab/node_services.js';
import { hasSctpPorts, whereSctpHasPorts } from '../../lab/ovn_release.js';
import { ServiceCluster, untilAnswered } from '../../lab/service_cluster.js';
import { serveSctp, type Target } from '../../lab/targets.js';

/** SCTP in both families: a gateway, and a node that is none. A pod on each answers INIT, and has a host port. */
const kubeTest = whereSctpHasPorts(realTest);
const PORT = 9100;
const HOST_PORT = 3868;
const EXTERNAL = ['203.0.113.91', '2001:db8::91'];
let lab: ServiceCluster;
let pods: readonly ServingPod[];
let inside: readonly Namespace[];
test.before(async () => {
  if (process.getuid?.() !== 0 || !hasSctpPorts()) return;
  lab = await ServiceCluster.start(['master', 'gw1'], ['gw1']);
  const { cluster, kubernetes } = lab;
  const services = new NodeServices(cluster, kubernetes);
  const ports = [{ containerPort: PORT, hostPort: HOST_PORT, protocol: 'SCTP' }];
  const spec = { containers: [{ name: 'main', image: 'none', ports }] };
  const started = cluster.nodes.map(async (node) => {
    await node.host.net.sysctl({ 'net.ipv4.ip_forward': 1, 'net.ipv6.conf.all.forwarding': 1 });
    const pod = await services.startPod(node, `sctp-${node.host.label}`, spec);
    await serveSctp(pod.net, pod.name, PORT);
    return pod;
  });
  pods = await Promise.all(started);
  inside = [...pods.map(({ net }) => net), ...cluster.nodes.map(({ host }) => host.net)];
  await serve('sctp', 91, pods);
});
test.after.always(async (t) => {
  for (const crash of (await lab?.cluster.crashes()) ?? []) t.log(crash);
  lab?.cluster.dispose();
});

kubeTest(
  'SCTP: pods and hosts reach a service at its cluster, node port and external addresses',
  async (t) => {
    const clusterIps = sctp(await lab.clusterIps('sctp'), 91);
    for (const from of inside)
      await areAnswered(from, [...clusterIps, ...nodePorts(91), ...sctp(EXTERNAL, 91)]);
    t.pass();
  },
);

kubeTest('SCTP: clients outside reach a service at node ports and external addresses', async (t) => {
  await areAnswered(lab.cluster.outside, [...nodePorts(91), ...sctp(EXTERNAL, 91)]);
  t.pass();
});

kubeTest('SCTP: a host port answers at the addresses of its node', async (t) => {
  const { cluster } = lab;
  for (const from of [...inside, cluster.outside])
    for (const { host, v4, v6 } of cluster.nodes)
      await areAnswered(from, sctp([v4, v6], HOST_PORT), [`sctp-${host.label}`]);
  t.pass();
});

kubeTest('SCTP: a service without endpoints aborts', async (t) => {
  await serve('none', 92, []);
  const clusterIps = sctp(await lab.clusterIps('none'), 92);
  for (const from of inside) await areAnswered(from, [...clusterIps, ...nodePorts(92)], ['refused']);
  await areAnswered(lab.cluster.outside, nodePorts(92), ['refused']);
  t.pass();
});

kubeTest('SCTP: pods and hosts reach a server outside', async (t) => {
  const server = await serveSctp(lab.cluster.outside, 'outside', 9200);
  for (const from of inside) await areAnswered(from, sctp([ROUTER.v4, ROUTER.v6], 9200), ['outside']);
  await server.stop();
  t.pass();
});

kubeTest('no packet of the gateway router was dropped at the bridge', async (t) => {
  const { host } = lab.cluster.node('gw1');
  t.regex(await host.appctl('-t', 'ovn-k8s-gateway-helper', 'demux/show'), /^pod-drop +0\b/m);
});

function sctp(addresses: readonly string[], port: number): Target[] {
  return addresses.map((address) => ({ protocol: 'sctp', address, port }));
}

function nodePorts(port: number): Target[] {
  return lab.cluster.nodes.flatMap(({ v4, v6 }) => sctp([v4, v6], 30_000 + port));
}

function areAnswered(
  from: Namespace,
  targets: readonly Target[],
  by = pods.map(({ name }) => name),
): Promise<void> {
  return untilAnswered(from, targets, ({ outcome }) => by.includes(outcome));
}

async function serve(name: string, port: number, endpoints: readonly ServingPod[]): Promise<void> {
  const ports = [{ port, nodePort: 30_000 + port, protocol: 'SCTP' }];
  const externalIPs = name === 'sctp' ? EXTERNAL : [];
  const spec = { type: 'NodePort', ipFamilyPolicy: 'RequireDualStack', externalIPs, ports };
  const list = endpoints.flatMap(({ node, addresses }) =>
    addresses.map((ip) => ({ ip, node: node.host.label })),
  );
  const manifest = endpointsManifest(name, { port: PORT, protocol: 'SCTP' }, list);
  await lab.kubernetes.apply(serviceManifest(name, spec), manifest);
}
