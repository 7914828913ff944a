import { join } from 'node:path';
import { Command } from 'commander';
import { type Cluster, FAR, type Node, ROUTER, startCluster } from './cluster.js';
import { CniPlugin, makeSandbox } from './cni.js';
import { writeEnterScript } from './enter.js';
import { failInOneLine } from './failure.js';
import { type Kubernetes, kubeAssets } from './kube.js';
import { addKubernetes } from './kube_cluster.js';
import { labsNamed, removeLab } from './lab.js';
import { endpointsManifest, podManifest, serviceManifest } from './manifests.js';
import type { Namespace } from './namespace.js';
import { Session, type SessionReport } from './session.js';
import { answering, httpGet, startWebServer } from './web.js';

const EXECUTABLES = [
  'ovn-k8s-util',
  'ovn-k8s-overlay',
  'ovn-k8s-gateway-helper',
  'ovn-k8s-node',
  'ovn-k8s-watcher',
  'ovn-k8s-cni-overlay',
];
const PREFIX = 'demo';
const CLUSTER = '10.244.0.0/16';
/** The first three octets of each node's own subnet. */
const SWITCHES = { master: '10.244.1', gw1: '10.244.2' } as const;
type NodeName = keyof typeof SWITCHES;
const NODE_PORT = 30_080;
/** Where sshd would be. */
const MANAGEMENT_PORT = 22;
const NO_SERVICE = `No service was shown: services need a Kubernetes API server. To build one, which takes about 4 minutes once:
    sudo scripts/kube-assets --build`;
/** How many pages are fetched: several connections, so that the counters say something. */
const FETCHES = 10;

const { keep, remove } = new Command('npm run demo --')
  .description('move the NIC of a gateway and set up OVN behind it, in network namespaces of this machine')
  .option('--keep', 'leave the hosts up, and print how to enter them')
  .option('--remove', 'only remove what earlier runs with --keep left')
  .parse()
  .opts<{ keep?: true; remove?: true }>();

failInOneLine('demo', 'npm run demo -- --keep leaves the hosts up, to look at');
if (remove) labsNamed(PREFIX).forEach(removeLab);
else await demonstrate();

async function demonstrate(): Promise<void> {
  const began = performance.now();
  const cluster = await startCluster({ nodes: Object.keys(SWITCHES), prefix: PREFIX });
  try {
    await showAll(cluster);
  } finally {
    if (keep) leaveUp(cluster);
  }
  say(`${((performance.now() - began) / 1000).toFixed(1)} s in all.`);
  // Ends programs that still run; a lab that is not kept is removed with this process.
  process.exit();
}

async function showAll(cluster: Cluster): Promise<void> {
  const [master, gateway] = [cluster.node('master'), cluster.node('gw1')];
  say(
    `Two hosts, master ${master.v4} and gw1 ${gateway.v4}, each with one NIC; beyond their router, ${FAR.v4}.`,
  );
  const kubernetes = kubeAssets() === undefined ? undefined : await addKubernetes(cluster);
  if (kubernetes !== undefined) say(`Kubernetes' API server is at ${kubernetes.url}.\n`);
  else say(`There is no Kubernetes API server, so pods get their logical ports by hand.\n`);

  const session = await Session.open(cluster.outside, {
    in: gateway.host.net,
    address: gateway.v4,
    port: MANAGEMENT_PORT,
  });
  await setUp(master, gateway);
  if (kubernetes !== undefined) {
    await startInBackground(master, 'ovn-k8s-watcher', '--overlay');
    for (const node of [master, gateway]) await startInBackground(node, 'ovn-k8s-node');
  }
  const pods = [
    await startPod(cluster, 'master', kubernetes),
    await startPod(cluster, 'gw1', kubernetes),
  ] as const;

  await startWebServer(cluster.outside);
  const outward = await fetchOften(pods[1].net, `http://${FAR.v4}/`);
  const inward = kubernetes === undefined ? undefined : await fetchService(cluster, kubernetes, pods);
  const counters = await gateway.host.appctl('-t', 'ovn-k8s-gateway-helper', 'demux/show');
  show(await session.close(), outward, inward, counters);
  for (const crash of await cluster.crashes()) say(`${crash} and came back`);
}

/** What an operator types, in order; `ovn-nb` and the like were set when the hosts were made. */
async function setUp(master: Node, gateway: Node): Promise<void> {
  await operator(master, 'ovn-k8s-util', 'nics-to-bridge', 'eth0');
  await operator(
    master,
    'ovn-k8s-overlay',
    'master-init',
    `--cluster-ip-subnet=${CLUSTER}`,
    '--service-ip-subnet=10.96.0.0/16',
    `--master-switch-subnet=${SWITCHES.master}.0/24`,
    '--node-name=master',
  );
  await operator(gateway, 'ovn-k8s-util', 'nics-to-bridge', 'eth0');
  await operator(
    gateway,
    'ovn-k8s-overlay',
    'minion-init',
    `--cluster-ip-subnet=${CLUSTER}`,
    `--minion-switch-subnet=${SWITCHES.gw1}.0/24`,
    '--node-name=gw1',
    `--cni-conf-dir=${join(gateway.host.dir, 'cni/net.d')}`,
    `--cni-bin-dir=${join(gateway.host.dir, 'cni/bin')}`,
  );
  await operator(
    gateway,
    'ovn-k8s-overlay',
    'gateway-init',
    `--cluster-ip-subnet=${CLUSTER}`,
    '--bridge-interface=breth0',
    `--physical-ip=${gateway.v4}/24`,
    `--default-gw=${ROUTER.v4}`,
    '--node-name=gw1',
  );
  await startInBackground(
    gateway,
    'ovn-k8s-gateway-helper',
    '--physical-bridge=breth0',
    '--physical-interface=eth0',
  );
}

async function startInBackground(node: Node, program: string, ...args: readonly string[]): Promise<void> {
  await operator(node, program, ...args, '--pidfile', '--log-file', '--detach', '-vconsole:off');
}

/** Runs one of the product's executables on a host as its operator would, and shows it. */
async function operator({ host }: Node, program: string, ...args: readonly string[]): Promise<void> {
  say(`${host.label}# ${program} ${args.join(' ')}`);
  const began = performance.now();
  const { exitCode, stdout, stderr } = await host.run(program, args);
  for (const line of `${stdout}\n${stderr}`.split('\n').filter(Boolean)) say(`    ${line}`);
  say(`    (${(performance.now() - began).toFixed(0)} ms)`);
  if (exitCode !== 0) throw new Error(`${program} ended with exit code ${exitCode}`);
}

interface Pod {
  readonly net: Namespace;
  readonly address: string;
}

/** Starts a pod on a node, with a web server. */
async function startPod(cluster: Cluster, on: NodeName, kubernetes: Kubernetes | undefined): Promise<Pod> {
  const name = `web-on-${on}`;
  const pod =
    kubernetes === undefined
      ? await plugPod(cluster, on, name)
      : await applyPod(cluster, on, name, kubernetes);
  await startWebServer(pod.net, 8080, name);
  return pod;
}

/** Makes a pod in the API server, and calls the plugin for it as kubelet does. */
async function applyPod(cluster: Cluster, on: NodeName, name: string, kubernetes: Kubernetes): Promise<Pod> {
  const { host } = cluster.node(on);
  const { net, ...sandbox } = await makeSandbox(cluster.lab, name);
  await kubernetes.apply(podManifest(name, on));
  const began = performance.now();
  const { ips } = await new CniPlugin(host).add(sandbox);
  const address = ips[0]?.address.split('/')[0] ?? '';
  say(`kubectl apply: Pod ${name}`);
  say(`${on}# CNI_COMMAND=ADD … ovn-k8s-cni-overlay`);
  say(`    ${address} (${(performance.now() - began).toFixed(0)} ms)`);
  return { net, address };
}

/** Makes a pod's logical port and its interface by hand, as the watcher and the plugin do with an API server. */
async function plugPod(cluster: Cluster, on: NodeName, name: string): Promise<Pod> {
  const subnet = SWITCHES[on];
  const [address, mac] = [`${subnet}.5`, `0a:58:0a:f4:0${subnet.at(-1)}:05`];
  say(`master# ovn-nbctl lsp-add ${on} ${name} -- lsp-set-addresses ${name} '${mac} ${address}'`);
  say(`${on}# ovs-vsctl add-port br-int … external_ids:iface-id=${name}`);
  const network = { addresses: [`${address}/24`], gateways: [`${subnet}.1`], mac };
  return { net: await cluster.pod(cluster.node(on), name, { on, ...network }), address };
}

/** What a node port answered to one client. */
interface Fetched {
  /** Who asked, as in "from …". */
  readonly from: string;
  readonly answers: readonly string[];
}

/** Makes a service of the pods and returns what its node port answered to each client. */
async function fetchService(
  cluster: Cluster,
  kubernetes: Kubernetes,
  pods: readonly Pod[],
): Promise<readonly Fetched[]> {
  await kubernetes.apply(
    serviceManifest('web', { type: 'NodePort', ports: [{ port: 80, nodePort: NODE_PORT }] }),
    endpointsManifest(
      'web',
      { port: 8080 },
      pods.map(({ address }) => ({ ip: address })),
    ),
  );
  say(`kubectl apply: Service web, NodePort ${NODE_PORT}, with both pods behind it`);
  const service = `http://${cluster.node('gw1').v4}:${NODE_PORT}/`;
  const clients: readonly [from: string, net: Namespace][] = [
    [ROUTER.v4, cluster.outside],
    ["gw1's own host", cluster.node('gw1').host.net],
    ["a hostNetwork pod's place, the host of master", cluster.master.host.net],
  ];
  const fetched: Fetched[] = [];
  for (const [from, net] of clients) {
    await answering(net, service, pods.length);
    fetched.push({ from, answers: await fetchOften(net, service) });
  }
  return fetched;
}

function serverOf(answer: string): string {
  return answer.trim().replace(/^.*, from /, '');
}

async function fetchOften(from: Namespace, url: string): Promise<string[]> {
  const answers: string[] = [];
  for (let i = 0; i < FETCHES; i += 1) answers.push((await httpGet(from, url)).trim());
  return answers;
}

function show(
  { alive, answered, sent, longestGapMs }: SessionReport,
  outward: readonly string[],
  inward: readonly Fetched[] | undefined,
  counters: string,
): void {
  say(`
Management: the session from ${ROUTER.v4} to gw1's port ${MANAGEMENT_PORT} ${alive ? 'is still open' : 'DIED'}:
    ${answered} of ${sent} messages answered, 5 ms apart; the longest gap was ${longestGapMs.toFixed(1)} ms.

North-South: a pod fetched http://${FAR.v4}/ ${outward.length} times; the last answer was:
    ${outward.at(-1)}
${inward === undefined ? NO_SERVICE : aboutService(inward)}

The helper's counters on breth0:
${counters.replace(/^/gm, '    ')}
`);
}

function aboutService(inward: readonly Fetched[]): string {
  const lines = inward.map(({ from, answers }) => {
    const servers = answers.map(serverOf);
    const share = (name: string) => `${name} answered ${servers.filter((one) => one === name).length}`;
    return `    from ${from}, ${answers.length} times: ${[...new Set(servers)].map(share).join(', ')}`;
  });
  return `\nServices: node port ${NODE_PORT} of gw1 was fetched\n${lines.join('\n')}`;
}

function leaveUp(cluster: Cluster): void {
  cluster.lab.keep();
  say('The hosts stay up. To enter one, or run a command on it:');
  for (const { host } of cluster.nodes) say(`    sudo ${writeEnterScript(host, EXECUTABLES)} [COMMAND...]`);
  say('To remove them: sudo npm run demo -- --remove');
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
