import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { Cluster, Node } from '../../lab/cluster.js';
import { CniPlugin, type CniResult, makeSandbox, type Sandbox } from '../../lab/cni.js';
import type { Kubernetes } from '../../lab/kube.js';
import { startKubeCluster, startWatcher } from '../../lab/kube_cluster.js';
import { kubeTest } from '../../lab/kube_test.js';
import { podManifest } from '../../lab/manifests.js';
import type { Namespace, Outcome } from '../../lab/namespace.js';
import { initCluster } from '../../lab/overlay.js';
import { faultsIn, StandIns } from '../../lab/stand_in.js';
import { until, when } from '../../lab/until.js';
import { httpGet, startWebServer } from '../../lab/web.js';

/** Two nodes whose pods are in a real API server and get their interfaces from the plugin. */
let cluster: Cluster;
let kubernetes: Kubernetes;
let gw1: Node;
let plugin: CniPlugin;
test.before(async () => {
  if (process.getuid?.() !== 0) return;
  ({ cluster, kubernetes } = await startKubeCluster({ nodes: ['master', 'gw1', 'gw2'] }));
  gw1 = cluster.node('gw1');
  await initCluster(cluster);
  await startWatcher(cluster.master);
  plugin = new CniPlugin(gw1.host);
});
test.after.always(() => cluster?.dispose());

kubeTest(
  'ADD gives a pod the network of its logical port, and returns when the pod is reachable',
  async (t) => {
    const { result, net } = await addPod(gw1, 'one');
    const there = await addPod(cluster.node('gw2'), 'two');
    const [v4 = '', v6 = ''] = addressesOf(result);
    t.regex(v4, /^10\.244\.2\.\d+$/);
    t.regex(v6, /^fd00:10:244:2:/);
    t.is(result.cniVersion, '1.0.0');
    t.deepEqual(
      result.interfaces.map(({ name, sandbox }) => [name.replace(/^veth[0-9a-f]{11}$/, 'veth'), sandbox]),
      [
        ['veth', undefined],
        ['eth0', `/run/netns/${net.name}`],
      ],
    );
    t.deepEqual(result.routes, [
      { dst: '0.0.0.0/0', gw: '10.244.2.1' },
      { dst: '::/0', gw: 'fd00:10:244:2::1' },
    ]);
    const link = await net.exec(['ip', 'link', 'show', 'dev', 'eth0']);
    t.regex(link, /mtu 1400 /);
    t.true(link.includes(`link/ether ${result.interfaces[1]?.mac}`), link);
    // Without a wait: the runtime starts the pod's containers as soon as ADD returns.
    for (const address of ['10.244.2.1', 'fd00:10:244:2::1'])
      t.is((await net.attempt(['ping', '-c1', '-W1', '-q', address])).exitCode, 0, address);
    // The userspace datapath drops the packet for which it must first resolve the other node's MAC.
    for (const address of [v4, v6])
      t.is((await there.net.attempt(['ping', '-c3', '-i0.2', '-W1', '-q', address])).exitCode, 0, address);
    await startWebServer(net, 8080);
    t.regex(await httpGet(there.net, `http://${v4}:8080/`), /^hello, 10\.244\.3\./);
    t.regex(await httpGet(there.net, `http://[${v6}]:8080/`), /^hello, fd00:10:244:3:/);
  },
);

kubeTest('ADD waits for a pod and its logical port, by a monitor of the southbound database', async (t) => {
  const sandbox = await makeSandbox(cluster.lab, 'late');
  const adding = plugin.start('ADD', sandbox);
  // ovn-controller has the other connection.
  await until('the plugin to monitor', async () => {
    const sockets = await gw1.host.exec(['ss', '-Hnt', 'state', 'established', 'dport', '=', ':6642']);
    return when(sockets.split('\n').length > 1);
  });
  await kubernetes.apply(podManifest('late', 'gw1'));
  t.is(await adding.exited, 0, adding.output);
  t.regex(addressesOf(JSON.parse(adding.output))[0] ?? '', /^10\.244\.2\./);
});

kubeTest("only OVN answers a pod's ARP requests for an address of the pod's host", async (t) => {
  const { net } = await addPod(gw1, 'asking');
  const asked = await net.attempt(['arping', '-I', 'eth0', '-c', '3', '-w', '3', '10.244.2.2']);
  const answers = [...asked.stdout.matchAll(/reply from \S+ +\[(\S+)\]/g)].map(([, mac = '']) =>
    mac.toLowerCase(),
  );
  t.true(answers.length > 0, asked.stdout);
  t.deepEqual([...new Set(answers)], ['0a:58:0a:f4:02:02']);
});

kubeTest('a second ADD returns the same and changes nothing', async (t) => {
  const { result, sandbox, net } = await addPod(gw1, 'twice');
  const before = [await net.exec(['ip', '-o', 'address']), await portsOf(gw1)];
  t.deepEqual(await plugin.add(sandbox), result);
  t.deepEqual([await net.exec(['ip', '-o', 'address']), await portsOf(gw1)], before);
});

kubeTest('results have the requested version, and CHECK accepts them as prevResult', async (t) => {
  const { sandbox } = await addPod(gw1, 'versions');
  for (const cniVersion of ['0.3.0', '0.3.1', '0.4.0']) {
    const result = await plugin.add(sandbox, { config: { cniVersion } });
    t.is(result.cniVersion, cniVersion);
    t.deepEqual(
      result.ips.map(({ version, interface: of }) => [version, of]),
      [
        ['4', 1],
        ['6', 1],
      ],
    );
    const config = { cniVersion, prevResult: result };
    t.deepEqual(await plugin.run('CHECK', sandbox, { config }), { exitCode: 0, stdout: '', stderr: '' });
  }
  const { stdout } = await plugin.run('VERSION', sandbox);
  t.deepEqual(JSON.parse(stdout), {
    cniVersion: '1.0.0',
    supportedVersions: ['0.3.0', '0.3.1', '0.4.0', '1.0.0'],
  });
});

kubeTest('CHECK names what differs from what ADD made, and another ADD repairs it', async (t) => {
  const { result, sandbox, net } = await addPod(gw1, 'checked');
  const [v4, v6] = result.ips.map(({ address }) => address);
  const host = result.interfaces[0]?.name ?? '';
  const check = () => plugin.run('CHECK', sandbox, { config: { prevResult: result } });
  const faults: [() => Promise<unknown>, RegExp][] = [
    [() => net.ip(`address del ${v4} dev eth0`), new RegExp(`default_checked: address ${v4} is missing`)],
    [() => net.ip(`address del ${v6} dev eth0`), new RegExp(`default_checked: address ${v6} is missing`)],
    [() => net.ip('link set eth0 down'), /it is down; .*the default route via 10\.244\.2\.1 is missing/],
    [() => net.ip('link set eth0 address 02:00:00:00:00:99'), /its MAC is 02:00:00:00:00:99, not /],
    [() => gw1.host.vsctl('del-port', host), /is not on the integration bridge/],
    [
      () => gw1.host.vsctl('remove', 'Interface', host, 'external_ids', 'iface-id'),
      /does not have iface-id default_checked/,
    ],
  ];
  for (const [spoil, says] of faults) {
    t.is((await check()).stdout, '');
    await spoil();
    errorOf(t, await check(), 100, says);
    t.deepEqual(addressesOf(await plugin.add(sandbox)), addressesOf(result));
    t.is((await net.attempt(['ping', '-c1', '-W1', '-q', '10.244.2.1'])).exitCode, 0, String(says));
  }
  errorOf(t, await plugin.run('CHECK', sandbox), 7, /prevResult does not have eth0/);
});

kubeTest('DEL removes everything, and succeeds if it has gone already', async (t) => {
  const { sandbox, net } = await addPod(gw1, 'gone');
  const before = (await portsOf(gw1)).length;
  for (const env of [{}, {}, { CNI_NETNS: '' }, { CNI_NETNS: '/run/netns/none' }, { CNI_ARGS: '' }])
    t.deepEqual(await plugin.run('DEL', sandbox, { env }), { exitCode: 0, stdout: '', stderr: '' });
  t.is((await portsOf(gw1)).length, before - 1);
  t.notRegex(await net.exec(['ip', '-o', 'link']), /eth0/);

  // A namespace that has gone, with its end of the pair, before DEL.
  const other = await addPod(gw1, 'vanished');
  await gw1.host.exec(['ip', 'link', 'del', other.result.interfaces[0]?.name ?? '']);
  t.is((await plugin.run('DEL', other.sandbox, { env: { CNI_NETNS: '' } })).exitCode, 0);
  t.is((await portsOf(gw1)).length, before - 1);
});

kubeTest('an ADD that fails leaves nothing, and its error has the code of the specification', async (t) => {
  const sandbox = await makeSandbox(cluster.lab, 'failing');
  const quick = { config: { timeout: 1 } };
  const before = await portsOf(gw1);
  const fails = async (code: number, says: RegExp, saying: Parameters<CniPlugin['run']>[2] = quick) => {
    errorOf(t, await plugin.run('ADD', sandbox, saying), code, says);
    t.deepEqual(await portsOf(gw1), before, String(says));
    t.notRegex(await sandbox.net.exec(['ip', '-o', 'link']), /eth0/, String(says));
  };
  const nothing = /Pod default\/failing has no network after \d+ ms: OVN has no logical port default_failing/;
  await fails(11, nothing);
  await kubernetes.apply(podManifest('failing', 'nowhere'));
  await fails(11, nothing);
  await fails(4, /CNI_NETNS="" is not the path of a namespace/, { env: { CNI_NETNS: '' } });
  await fails(4, /CNI_NETNS="ns" is not the path of a namespace/, { env: { CNI_NETNS: 'ns' } });
  await fails(4, /K8S_POD_NAME="" is not a valid name of Kubernetes/, { env: { CNI_ARGS: '' } });
  await fails(4, /K8S_POD_NAME="\.\.\/x" is not a valid name/, {
    env: { CNI_ARGS: 'K8S_POD_NAMESPACE=default;K8S_POD_NAME=../x' },
  });
  await fails(4, /CNI_IFNAME="a\/b" is not a valid interface name/, { env: { CNI_IFNAME: 'a/b' } });
  await fails(1, /cniVersion "0\.2\.0" is none of/, { config: { cniVersion: '0.2.0' } });
  await fails(6, /is not JSON/, { input: '{' });
  await fails(7, /mtu: "x" is not a whole number/, { config: { mtu: 'x' } });
  await fails(11, /does not answer/, { config: { db: 'unix:/nonexistent' } });

  await kubernetes.kubectl('delete', 'pod', 'failing', '--grace-period=0', '--force');
  await kubernetes.apply(podManifest('failing', 'gw1'));
  const other = 'of the pod with UID [0-9a-f-]{36}, and the runtime asks for UID 9b2f1f0a';
  await fails(11, new RegExp(other), { config: { timeout: 3 }, env: argsOf('failing', '9b2f1f0a') });
  await fails(5, /making eth0 in \/run\/netns\/none: /, { env: { CNI_NETNS: '/run/netns/none' } });
  await signalController('SIGSTOP');
  await fails(11, /did not install the flows of default_failing within \d+ ms; is ovn-controller running/);
  await signalController('SIGCONT');
  // An earlier version needed the API server, and its configuration may still say where that is.
  const result = await plugin.add(sandbox, { config: { kubeconfig: '/nonexistent' } });
  t.regex(addressesOf(result)[0] ?? '', /^10\.244\.2\./);
});

kubeTest("ADD uses no annotation, so a pod's author chooses no address", async (t) => {
  const { sandbox, net } = await addPod(gw1, 'forging');
  const forged = '{"ip_address":"10.244.2.1/24","mac_address":"0a:58:0a:f4:02:01","gateway_ip":"10.244.2.9"}';
  await kubernetes.kubectl('annotate', 'pod', 'forging', '--overwrite', `ovn=${forged}`);
  await plugin.run('DEL', sandbox);
  const result = await plugin.add(sandbox);
  t.not(addressesOf(result)[0], '10.244.2.1');
  t.is((await net.attempt(['ping', '-c1', '-W1', '-q', '10.244.2.1'])).exitCode, 0);
});

kubeTest('an interface of the pod that the plugin did not make is left alone', async (t) => {
  const sandbox = await makeSandbox(cluster.lab, 'taken');
  await kubernetes.apply(podManifest('taken', 'gw1'));
  await sandbox.net.ip('link add eth0 type bridge');
  errorOf(t, await plugin.run('ADD', sandbox), 5, /making eth0 in .*: .*File exists/);
  t.regex(await sandbox.net.exec(['ip', '-o', 'link']), /eth0/);
});

kubeTest('an ADD that was killed anywhere is completed by another ADD, or removed by DEL', async (t) => {
  const sandbox = await makeSandbox(cluster.lab, 'killed');
  await kubernetes.apply(podManifest('killed', 'gw1'));
  const standIns = StandIns.on(gw1.host);
  const before = await portsOf(gw1);
  const result = await plugin.add(sandbox, { tools: standIns.environment() });
  t.is((await plugin.run('DEL', sandbox)).exitCode, 0);
  const faults = faultsIn(standIns.calls(), 'kill', 1);
  t.true(faults.length >= 5, `${faults.length} places`);
  for (const fault of faults) {
    for (const next of ['ADD', 'DEL'] as const) {
      const { exitCode } = await plugin.run('ADD', sandbox, { tools: standIns.environment(fault) });
      t.is(exitCode, -1);
      if (next === 'ADD') t.deepEqual(addressesOf(await plugin.add(sandbox)), addressesOf(result));
      t.is((await plugin.run('DEL', sandbox)).exitCode, 0);
      t.deepEqual(await portsOf(gw1), before);
      t.notRegex(await sandbox.net.exec(['ip', '-o', 'link']), /eth0/);
    }
  }
});

kubeTest('the newer of two sandboxes of one pod is on the network', async (t) => {
  const { sandbox: old } = await addPod(gw1, 'replaced');
  const fresh = { ...(await makeSandbox(cluster.lab, 'replaced-2')), pod: 'replaced' };
  await plugin.add(fresh);
  t.is((await fresh.net.attempt(['ping', '-c1', '-W1', '-q', '10.244.2.1'])).exitCode, 0);
  t.is((await plugin.run('DEL', old)).exitCode, 0);
  t.is((await fresh.net.attempt(['ping', '-c1', '-W1', '-q', '10.244.2.1'])).exitCode, 0);
});

function argsOf(pod: string, uid: string): Record<string, string> {
  return { CNI_ARGS: `K8S_POD_NAMESPACE=default;K8S_POD_NAME=${pod};K8S_POD_UID=${uid}` };
}

interface AddedPod {
  readonly result: CniResult;
  readonly sandbox: Sandbox;
  readonly net: Namespace;
}

/** Creates a pod in the API server and runs ADD for a sandbox of it. */
async function addPod({ host }: Node, name: string): Promise<AddedPod> {
  const { net, ...box } = await makeSandbox(cluster.lab, name);
  await kubernetes.apply(podManifest(name, host.label));
  const sandbox = {
    ...box,
    uid: await kubernetes.kubectl('get', 'pod', name, '--output=jsonpath={.metadata.uid}'),
  };
  return { result: await new CniPlugin(host).add(sandbox), sandbox, net };
}

function addressesOf({ ips }: CniResult): string[] {
  return ips.map(({ address }) => address.split('/')[0] ?? '');
}

function errorOf(t: ExecutionContext, { exitCode, stdout }: Outcome, code: number, says: RegExp): void {
  t.is(exitCode, 1, stdout);
  const error = JSON.parse(stdout);
  t.is(error.code, code, stdout);
  t.regex(error.msg, says);
  t.is(typeof error.cniVersion, 'string');
}

async function portsOf({ host }: Node): Promise<string[]> {
  return (await host.vsctl('list-ports', 'br-int')).split('\n').filter((name) => name.startsWith('veth'));
}

async function signalController(signal: NodeJS.Signals): Promise<void> {
  const rundir = gw1.host.net.env.OVN_RUNDIR ?? '';
  process.kill(Number(readFileSync(join(rundir, 'ovn-controller.pid'), 'utf8')), signal);
}
