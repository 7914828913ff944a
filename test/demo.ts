import { join } from 'node:path';
import { Command } from 'commander';
import { type Cluster, FAR, type Node, ROUTER, startCluster } from './lab/cluster.js';
import { writeEnterScript } from './lab/enter.js';
import { labsNamed, removeLab } from './lab/lab.js';
import type { Namespace } from './lab/namespace.js';
import { Session, type SessionReport } from './lab/session.js';
import { httpGet, startWebServer } from './lab/web.js';

const EXECUTABLES = ['ovn-k8s-util', 'ovn-k8s-overlay', 'ovn-k8s-gateway-helper'];
const PREFIX = 'demo';
const CLUSTER = '10.244.0.0/16';
const MASTER_SWITCH = '10.244.1.0/24';
const GATEWAY_SWITCH = '10.244.2.0/24';
const POD = { mac: '0a:58:0a:f4:02:0a', address: '10.244.2.10/24', gateway: '10.244.2.1' };
/** Where sshd would be. */
const MANAGEMENT_PORT = 22;
/** How many pages the pod fetches: several connections, so that the counters say something. */
const FETCHES = 10;

const { keep, remove } = new Command('npm run demo --')
  .description('move the NIC of a gateway and set up OVN behind it, in network namespaces of this machine')
  .option('--keep', 'leave the hosts up, and print how to enter them')
  .option('--remove', 'only remove what earlier runs with --keep left')
  .parse()
  .opts<{ keep?: true; remove?: true }>();

if (remove) labsNamed(PREFIX).forEach(removeLab);
else await demonstrate();

async function demonstrate(): Promise<void> {
  const began = performance.now();
  const cluster = await startCluster({ nodes: ['master', 'gw1'], prefix: PREFIX });
  const [master, gateway] = [cluster.node('master'), cluster.node('gw1')];
  say(
    `Two hosts, master ${master.v4} and gw1 ${gateway.v4}, each with one NIC; beyond their router, ${FAR.v4}.\n`,
  );

  const session = await Session.open(cluster.outside, {
    in: gateway.host.net,
    address: gateway.v4,
    port: MANAGEMENT_PORT,
  });
  await setUp(master, gateway);
  const pod = await startPod(cluster, gateway);
  const answers = await fetchFromOutside(cluster.outside, pod);
  const counters = await gateway.host.appctl('-t', 'ovn-k8s-gateway-helper', 'demux/show');
  show(await session.close(), answers, counters);
  for (const crash of await cluster.crashes())
    say(`Debian's Open vSwitch 3.1 crashed and came back: ${crash}`);
  say(`${((performance.now() - began) / 1000).toFixed(1)} s in all.`);

  if (keep) leaveUp(cluster);
  // What is still running has no more to say; a lab that is not kept goes with this process.
  process.exit();
}

/** What an operator types, in order; `ovn-nb` and the like were set when the hosts were made. */
async function setUp(master: Node, gateway: Node): Promise<void> {
  await operator(master, 'ovn-k8s-util', 'nics-to-bridge', 'eth0');
  await operator(
    master,
    'ovn-k8s-overlay',
    'master-init',
    `--cluster-ip-subnet=${CLUSTER}`,
    `--master-switch-subnet=${MASTER_SWITCH}`,
    '--node-name=master',
  );
  await operator(gateway, 'ovn-k8s-util', 'nics-to-bridge', 'eth0');
  await operator(
    gateway,
    'ovn-k8s-overlay',
    'minion-init',
    `--cluster-ip-subnet=${CLUSTER}`,
    `--minion-switch-subnet=${GATEWAY_SWITCH}`,
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
  await operator(
    gateway,
    'ovn-k8s-gateway-helper',
    '--physical-bridge=breth0',
    '--physical-interface=eth0',
    '--pidfile',
    '--log-file',
    '--detach',
    '-vconsole:off',
  );
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

async function startPod(cluster: Cluster, gateway: Node): Promise<Namespace> {
  const pod = await cluster.pod(gateway, 'pod', {
    on: gateway.host.label,
    mac: POD.mac,
    addresses: [POD.address],
    gateways: [POD.gateway],
  });
  await cluster.settled();
  return pod;
}

async function fetchFromOutside(outside: Namespace, pod: Namespace): Promise<string[]> {
  await startWebServer(outside);
  const answers: string[] = [];
  for (let i = 0; i < FETCHES; i += 1) answers.push(await httpGet(pod, `http://${FAR.v4}/`));
  return answers;
}

function show(report: SessionReport, answers: readonly string[], counters: string): void {
  const { alive, answered, sent, longestGapMs } = report;
  say(`
Management: the session from ${ROUTER.v4} to gw1's port ${MANAGEMENT_PORT} ${alive ? 'is still open' : 'DIED'}:
    ${answered} of ${sent} messages answered, 5 ms apart; the longest gap was ${longestGapMs.toFixed(1)} ms.

North-South: the pod ${POD.address.split('/')[0]} fetched http://${FAR.v4}/ ${answers.length} times; the server said, at last:
    ${answers.at(-1)}

The helper's counters on breth0:
${counters.replace(/^/gm, '    ')}
`);
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
