import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { type Cluster, FAR, startCluster } from '../../lab/cluster.js';
import { CniPlugin, makeSandbox, type Sandbox } from '../../lab/cni.js';
import { Kubernetes } from '../../lab/kube.js';
import { kubeTest } from '../../lab/kube_test.js';
import { cable } from '../../lab/link.js';
import { endpointsManifest, podManifest } from '../../lab/manifests.js';
import { PROJECT } from '../../lab/project.js';
import { until, when } from '../../lab/until.js';
import { answering, httpGet, startWebServer } from '../../lab/web.js';

/** Runs docs/deployment.md command by command on its hosts, and checks between the sections that traffic passes. */
let cluster: Cluster;
let kubernetes: Kubernetes;
test.before(async () => {
  if (process.getuid?.() !== 0) return;
  cluster = await startCluster({ nodes: ['central', 'gw1', 'gw2'], isConfigured: false });
  const { host } = cluster.node('gw2');
  await cable({ in: host.net, name: 'eth1' }, { in: cluster.outside, name: 'gw2-1' });
  await cluster.outside.ip('link set gw2-1 master lan');
  await startWebServer(cluster.outside);
  const central = cluster.node('central');
  kubernetes = await Kubernetes.start({ net: central.host.net, dir: central.host.dir, address: central.v4 });
  copyFileSync(join(PROJECT, 'packaging/kubernetes/rbac.yaml'), etc('central', 'rbac.yaml'));
});
test.after.always(() => cluster?.dispose());

interface Step {
  readonly section: string;
  readonly host: string;
  readonly line: string;
}

kubeTest('every command of docs/deployment.md does what the page says', async (t) => {
  const steps = commandsOf(readFileSync(join(PROJECT, 'docs/deployment.md'), 'utf8'));
  t.true(steps.length > 40, `${steps.length} commands`);
  for (const [index, { section, host, line }] of steps.entries()) {
    if (section === 'TLS' && host === 'gw1') copyKeyPair('central', 'gw1');
    if (section === 'Kubernetes' && host !== 'central')
      for (const file of ['node.token', 'k8s-ca.crt']) copyFileSync(etc('central', file), etc(host, file));
    if (section !== steps[index - 1]?.section) await before(section);
    const { exitCode, stdout, stderr } = await cluster
      .node(host)
      .host.operate([line, ...elsewhere(host, line)].join(' '), kubernetes.operatorEnv);
    t.is(exitCode, 0, `${host}# ${line}: ${stderr}`);
    t.log(`${host}# ${line}\n${stdout}`);
    if (line.startsWith('kubectl apply -f rbac.yaml')) await kubernetes.issueTokens();
  }
  t.is((await cluster.nbctl('ls-list')) + (await cluster.nbctl('lr-list')), '');
  t.is(await cluster.nbctl('lb-list'), '');

  /** Does what other tools would do before a section begins, and checks what the sections before it achieved. */
  async function before(section: string): Promise<void> {
    if (section === 'A gateway that shares its NIC') pods = await Promise.all(WEB.map(startWebPod));
    if (section !== 'Taking it down') return;
    t.deepEqual(await waysOut(), WAYS_OUT);
    const list = pods.map(({ address, node }) => ({ ip: address, node }));
    await kubernetes.apply(endpointsManifest('web', { name: '80-8080', port: 8080 }, list));
    for (const address of ['203.0.113.11', '203.0.113.22'])
      t.deepEqual(await answering(cluster.outside, `http://${address}:30080/`, WEB.length), [
        'web-gw1',
        'web-gw2',
      ]);
    for (const { sandbox, node } of pods)
      t.is((await new CniPlugin(cluster.node(node).host).run('DEL', sandbox)).exitCode, 0);
  }
});

/** Returns the lines of each block marked ```sh HOST, in order. */
function commandsOf(page: string): Step[] {
  return page.split(/^## /m).flatMap((text) => {
    const section = text.slice(0, text.indexOf('\n'));
    return [...text.matchAll(/^```sh (\w+)\n([^`]*)```$/gm)].flatMap(([, host = '', block = '']) =>
      block
        .split('\n')
        .filter(Boolean)
        .map((line) => ({ section, host, line })),
    );
  });
}

function etc(label: string, file: string): string {
  return join(cluster.node(label).host.dir, 'etc/openvswitch', file);
}

/** Does what the page asks for: "Copy `gw1-privkey.pem` and `gw1-cert.pem` to `gw1`". */
function copyKeyPair(from: string, to: string): void {
  for (const part of ['privkey.pem', 'cert.pem'])
    copyFileSync(etc(from, `${to}-${part}`), etc(to, `ovncontroller-${part}`));
}

interface WebPod {
  readonly node: string;
  readonly sandbox: Sandbox;
  readonly address: string;
}

/** The nodes that run a pod of the service. */
const WEB = ['gw1', 'gw2'];
let pods: readonly WebPod[] = [];

/** Creates a pod, and runs the plugin for it as kubelet would. */
async function startWebPod(node: string): Promise<WebPod> {
  const name = `web-${node}`;
  const { net, ...sandbox } = await makeSandbox(cluster.lab, name);
  await kubernetes.apply(podManifest(name, node));
  const { ips } = await new CniPlugin(cluster.node(node).host).add(sandbox);
  await startWebServer(net, 8080, name);
  return { node, sandbox, address: ips[0]?.address.split('/')[0] ?? '' };
}

/** The source address that a server outside sees, by the pod's host. `gw2` ramps out the subnet of `central`. */
const WAYS_OUT = { central: '203.0.113.22', gw1: '203.0.113.11', gw2: '203.0.113.22' };
const SUBNETS = { central: '10.244.1', gw1: '10.244.2', gw2: '10.244.3' };

async function waysOut(): Promise<Record<string, string | undefined>> {
  const ways: Record<string, string | undefined> = {};
  for (const [label, subnet] of Object.entries(SUBNETS)) {
    const pod = await cluster.pod(cluster.node(label), `pod-${label}`, {
      on: label,
      mac: `0a:58:0a:f4:0${subnet.at(-1)}:20`,
      addresses: [`${subnet}.32/24`],
      gateways: [`${subnet}.1`],
    });
    await cluster.settled();
    await until(`the pod on ${label} to reach the outside`, async () =>
      when((await pod.attempt(['ping', '-c1', '-W1', FAR.v4])).exitCode === 0),
    );
    ways[label] = /hello, (\S+)/.exec(await httpGet(pod, `http://${FAR.v4}/`))?.[1];
  }
  return ways;
}

/** Returns options that keep `minion-init` and `minion-deinit` away from the machine's own CNI folders. */
function elsewhere(label: string, line: string): string[] {
  const { dir } = cluster.node(label).host;
  return /^\S+ minion-/.test(line) ? [`--cni-conf-dir=${dir}/net.d`, `--cni-bin-dir=${dir}/cni`] : [];
}
