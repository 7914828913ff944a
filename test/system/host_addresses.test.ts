import test from 'ava';
import type { Cluster, Node } from '../../lab/cluster.js';
import type { Kubernetes } from '../../lab/kube.js';
import { startKubeCluster, startWatcher } from '../../lab/kube_cluster.js';
import { kubeTest } from '../../lab/kube_test.js';
import { endpointsManifest } from '../../lab/manifests.js';
import type { Namespace } from '../../lab/namespace.js';
import { initCluster, podOptions, startGatewayHelper, startNodeDaemon } from '../../lab/overlay.js';
import { askTargets, serveTargets } from '../../lab/targets.js';
import { until, when } from '../../lab/until.js';

/** Pods on a master, on the only gateway and on a node, and hosts that have more than one address each. */
let cluster: Cluster;
let kubernetes: Kubernetes;
let gateway: Node;
let pods: readonly Namespace[];
const PORT = 9090;
test.before(async () => {
  if (process.getuid?.() !== 0) return;
  ({ cluster, kubernetes } = await startKubeCluster({ nodes: ['master', 'gw1', 'n1'] }));
  gateway = cluster.node('gw1');
  await initCluster(cluster, ['gw1']);
  await startGatewayHelper(gateway);
  const api = [{ ip: cluster.master.v4 }];
  await kubernetes.apply(endpointsManifest('kubernetes', { name: 'https', port: 6443 }, api));
  await startWatcher(cluster.master);
  await Promise.all(cluster.nodes.map((node) => startNodeDaemon(node)));
  for (const [index, { host }] of cluster.nodes.entries()) {
    const [v4, v6, onLo] = second(index);
    await host.net.ip(
      `addr add ${v4}/32 dev breth0`,
      `addr add ${v6}/128 dev breth0 nodad`,
      `addr add ${onLo}/32 dev lo`,
    );
  }
  const serving = cluster.nodes.map((node, index) =>
    serveTargets(node.host.net, node.host.label, PORT, addressesOf(node, index)),
  );
  await Promise.all(serving);
  pods = await Promise.all(
    cluster.nodes.map((node, index) => cluster.pod(node, `pod-${index}`, podOptions(node, index + 1, 1))),
  );
});
test.after.always(() => cluster?.dispose());

kubeTest("pods on every node reach every address of every node's host", async (t) => {
  await allReached(pods, cluster.nodes);
  t.is(await podDrop(), 0);
  for (const { host, v4, v6 } of cluster.nodes) {
    const text = await cluster.nbctl('get', 'Logical_Switch', host.label, 'external_ids:k8s-host-addresses');
    t.regex(text, new RegExp(`^"${v4},${v6},`), 'the own addresses come first');
  }
});

kubeTest('an address that comes is reached, and one that goes has no route any more', async (t) => {
  const [n1, come] = [cluster.node('n1'), '203.0.113.79'];
  const routes = () => cluster.nbctl('lr-route-list', 'master');
  await n1.host.net.ip(`addr add ${come}/32 dev breth0`);
  await serveTargets(n1.host.net, 'come', PORT, [come]);
  for (const pod of pods)
    await until('the new address to answer', async () => {
      const [answer] = await askTargets(pod, [{ protocol: 'tcp', address: come, port: PORT }]);
      return when(answer?.outcome === 'come');
    });
  await n1.host.net.ip(`addr del ${come}/32 dev breth0`);
  await until('the route to be gone', async () => when(!(await routes()).includes(come)));
  t.regex(await routes(), /203\.0\.113\.72 +10\.244\.3\.2/);
});

kubeTest('a restarted daemon finds its rows, and writes nothing', async (t) => {
  const before = await cluster.nbctl('get', 'NB_Global', '.', 'nb_cfg');
  const contents = () => cluster.nbctl('--columns=_uuid,external_ids', 'list', 'Logical_Router_Static_Route');
  const rows = await contents();
  const { host } = cluster.node('n1');
  await host.appctl('-t', 'ovn-k8s-node', 'exit');
  await startNodeDaemon(cluster.node('n1'));
  await until('the first step', async () =>
    when(/table: +in place/.test(await host.appctl('-t', 'ovn-k8s-node', 'status'))),
  );
  t.is(await contents(), rows);
  t.is(await cluster.nbctl('get', 'NB_Global', '.', 'nb_cfg'), before);
});

kubeTest('pods reach the other hosts and the API server while the first gateway is dead', async (t) => {
  const drop = await podDrop();
  t.is(drop, 0);
  await gateway.host.appctl('-t', 'ovn-k8s-gateway-helper', 'exit');
  await gateway.host.net.ip('link set breth0 down');
  const { outside } = cluster;
  await outside.ip('link set gw1 down');
  const living = cluster.nodes.filter((node) => node !== gateway);
  const others = pods.filter((_, index) => cluster.nodes[index] !== gateway);
  await allReached(others, living);
  for (const pod of others)
    await until('the API server to answer at its cluster address', async () =>
      when(/"gitVersion"|Unauthorized|"code": 40[13]/.test(await version(pod))),
    );
});

/** Returns the second addresses of a host. */
function second(index: number): readonly [string, string, string] {
  return [`203.0.113.${70 + index}`, `2001:db8::${70 + index}`, `192.0.2.${1 + index}`];
}

function addressesOf(node: Node, index: number): string[] {
  return [node.v4, node.v6, ...second(index)];
}

/** Asks every address of the hosts from every pod over TCP and UDP, until all answer: tunnels lose their first packet. */
async function allReached(clients: readonly Namespace[], hosts: readonly Node[]): Promise<void> {
  const asked = hosts.flatMap((node) =>
    addressesOf(node, cluster.nodes.indexOf(node)).flatMap((address) =>
      (['tcp', 'udp'] as const).map((protocol) => ({ name: node.host.label, protocol, address, port: PORT })),
    ),
  );
  for (const client of clients) {
    let silent: readonly object[] = asked;
    const ask = async () => {
      const answers = await askTargets(client, asked);
      silent = asked.filter(({ name }, index) => answers[index]?.outcome !== name);
      return when(silent.length === 0);
    };
    await until('all addresses to answer', ask, 30_000).catch((cause: unknown) => {
      throw new Error(`${client.name} does not reach ${JSON.stringify(silent)}`, { cause });
    });
  }
}

async function podDrop(): Promise<number> {
  const counters = await gateway.host.appctl('-t', 'ovn-k8s-gateway-helper', 'demux/show');
  return Number(/^ *pod-drop +(\d+)/m.exec(counters)?.[1] ?? Number.NaN);
}

async function version(pod: Namespace): Promise<string> {
  const script =
    "fetch('https://10.96.0.1/version',{signal:AbortSignal.timeout(2000)}).then(async(a)=>console.log(await a.text()))";
  const { stdout } = await pod.attempt([
    'env',
    'NODE_TLS_REJECT_UNAUTHORIZED=0',
    process.execPath,
    '-e',
    script,
  ]);
  return stdout;
}
