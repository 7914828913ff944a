import { copyFileSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
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
  for (const file of ['rbac.yaml', 'node-token.yaml'])
    copyFileSync(join(PROJECT, 'packaging/kubernetes', file), etc('central', file));
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
    if (section === SET_UP && host !== 'central' && host !== steps[index - 1]?.host) copyKeyPair(host);
    if (line === 'rm gw1.token gw2.token') for (const node of ['gw1', 'gw2']) copyToken(node);
    if (section !== steps[index - 1]?.section) await before(section);
    const { exitCode, stdout, stderr } = await cluster
      .node(host)
      .host.operate([line, ...elsewhere(host, line)].join(' '), kubernetes.operatorEnv);
    t.is(exitCode, 0, `${host}# ${line}: ${stderr}`);
    t.log(`${host}# ${line}\n${stdout}`);
    if (line.includes('kubectl apply -f')) await kubernetes.issueTokens();
  }
  t.is((await cluster.nbctl('ls-list')) + (await cluster.nbctl('lr-list')), '');
  t.is(await cluster.nbctl('lb-list'), '');

  /** Does what other tools would do before a section begins, and checks what the sections before it achieved. */
  async function before(section: string): Promise<void> {
    if (section === 'A gateway that shares its NIC') pods = await Promise.all(WEB.map(startWebPod));
    if (section !== 'Taking it down') return;
    t.deepEqual(await waysOut(), WAYS_OUT);
    await checkCredentials(t);
    const list = pods.map(({ address, node }) => ({ ip: address, node }));
    await kubernetes.apply(endpointsManifest('web', { name: '80-8080', port: 8080 }, list));
    for (const address of ['203.0.113.11', '203.0.113.22'])
      t.deepEqual(await answering(cluster.outside, `http://${address}:30080/`, WEB.length), [
        'web-gw1',
        'web-gw2',
      ]);
    await hostsReachService(t);
    for (const { sandbox, node } of pods)
      t.is((await new CniPlugin(cluster.node(node).host).run('DEL', sandbox)).exitCode, 0);
  }
});

/** Checks that every host reaches the service at its cluster address and at node ports, and that its daemon is content. */
async function hostsReachService(t: ExecutionContext): Promise<void> {
  const ip = await kubernetes.kubectl('get', 'service', 'web', '--output=jsonpath={.spec.clusterIP}');
  for (const { host } of cluster.nodes) {
    const urls = [`http://${ip}/`, 'http://203.0.113.10:30080/', 'http://203.0.113.11:30080/'];
    for (const url of urls) t.deepEqual(await answering(host.net, url, 2), ['web-gw1', 'web-gw2'], url);
    t.notRegex(await host.appctl('-t', 'ovn-k8s-node', 'status'), /problem/);
  }
}

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

const SET_UP = 'One-time set-up of every host';

/** Does what the page asks for: copies the key pair of a host and the CA's certificate to it. */
function copyKeyPair(host: string): void {
  for (const part of ['privkey.pem', 'cert.pem'])
    copyFileSync(etc('central', `${host}-${part}`), etc(host, `ovncontroller-${part}`));
  for (const ca of ['ovnnb-ca.cert', 'ovnsb-ca.cert'])
    copyFileSync(etc('central', 'pki/switchca/cacert.pem'), etc(host, ca));
}

/** Does what the page asks for: "Copy `gw1.token` to `gw1` as `/etc/openvswitch/k8s-api.token`". */
function copyToken(host: string): void {
  copyFileSync(etc('central', `${host}.token`), etc(host, 'k8s-api.token'));
  copyFileSync(etc('central', 'k8s-ca.crt'), etc(host, 'k8s-ca.crt'));
}

/** Checks that a node may change its own chassis only, and that only root can read its token and its key. */
async function checkCredentials(t: ExecutionContext): Promise<void> {
  const { host } = cluster.node('gw1');
  const file = (name: string) => `/etc/openvswitch/${name}`;
  const asNode = (...args: readonly string[]) =>
    host.net.attempt([
      ...['ovn-sbctl', '--timeout=10', '--db=ssl:203.0.113.10:6642'],
      ...['-p', file('ovncontroller-privkey.pem'), '-c', file('ovncontroller-cert.pem')],
      ...['-C', file('ovnsb-ca.cert'), ...args],
    ]);
  t.is((await asNode('--bare', '--columns=name', 'find', 'Chassis', 'name=gw1')).stdout.trim(), 'gw1');
  for (const command of [
    ['chassis-del', 'central'],
    ['set', 'Chassis', 'central', 'external_ids:a=b'],
    ['set', 'SB_Global', '.', 'external_ids:a=b'],
  ]) {
    const { exitCode, stderr } = await asNode(...command);
    t.not(exitCode, 0, command.join(' '));
    t.regex(stderr, /permission/);
  }
  t.is((await asNode('set', 'Chassis', 'gw1', 'external_ids:a=b')).exitCode, 0);
  for (const name of ['ovncontroller-privkey.pem', 'k8s-api.token'])
    t.is(statSync(etc('gw1', name)).mode & 0o077, 0, name);
  const log = await host.net.attempt(['bash', '-c', 'ovs-vsctl show; ovsdb-client dump Open_vSwitch']);
  t.notRegex(log.stdout, /test-node-gw1-token/);
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
