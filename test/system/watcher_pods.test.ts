import test from 'ava';
import { killNorthbound, restartNorthbound } from '../../lab/central.js';
import type { Cluster, Node } from '../../lab/cluster.js';
import type { Kubernetes } from '../../lab/kube.js';
import { startKubeCluster, startWatcher } from '../../lab/kube_cluster.js';
import { kubeTest } from '../../lab/kube_test.js';
import { podManifest } from '../../lab/manifests.js';
import { bridgeNics, masterInit, minionInit, overlayWell } from '../../lab/overlay.js';
import type { Running } from '../../lab/running.js';
import { until, when } from '../../lab/until.js';

/** Tests that pods of a real API server get logical ports in a real OVN. */
let cluster: Cluster;
let kubernetes: Kubernetes;
let watcher: Running;
let master: Node;
test.before(async () => {
  if (process.getuid?.() !== 0) return;
  ({ cluster, kubernetes } = await startKubeCluster({ nodes: ['master', 'gw1', 'gw2'] }));
  await bridgeNics(cluster);
  master = cluster.master;
});
test.after.always(() => cluster?.dispose());

kubeTest('the watcher waits for the cluster router, and reports it', async (t) => {
  watcher = await startWatcher(master);
  await watcher.says(/WARN\|waiting for the cluster router; run master-init/);
  await kubernetes.apply(podManifest('early', 'gw1'));
  t.is((await master.host.run('ovn-k8s-overlay', masterInit(master, 1))).exitCode, 0);
  await watcher.says(/WARN\|Pod default\/early: node gw1 has no Logical_Switch; run minion-init there/);
  t.regex(await status(), /problem: +Pod default\/early: node gw1 has no Logical_Switch/);
});

kubeTest('a pod gets its port once its node exists', async (t) => {
  await overlayWell(cluster.node('gw1'), ...minionInit(cluster.node('gw1'), 2));
  const network = await annotation('early');
  t.regex(network.mac_address, /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/);
  const [v4, v6] = network.ip_address.split(',');
  t.regex(v4 ?? '', /^10\.244\.2\.\d+\/24$/);
  t.regex(v6 ?? '', /^fd00:10:244:2:[0-9a-f:]+\/64$/);
  t.is(network.gateway_ip, '10.244.2.1,fd00:10:244:2::1');
  await until('no problem', async () => when(!/problem/.test(await status())));
});

kubeTest('only pods with a network of their own have a port, from their start to their end', async (t) => {
  await overlayWell(cluster.node('gw2'), ...minionInit(cluster.node('gw2'), 3));
  await kubernetes.apply(
    podManifest('one', 'gw1'),
    podManifest('two', 'gw2'),
    podManifest('hostly', 'gw1', { hostNetwork: true }),
    podManifest('waiting', ''),
  );
  await annotation('one');
  await annotation('two');
  t.deepEqual(await ports(), ['default_early', 'default_one', 'default_two']);
  await setStatus('one', { phase: 'Succeeded' });
  await until('the port of the finished pod to be deleted', async () =>
    when(!(await ports()).includes('default_one')),
  );
  await kubernetes.kubectl('delete', 'pod', 'two', '--grace-period=0', '--force');
  await until('the port of the deleted pod to be deleted', async () =>
    when(!(await ports()).includes('default_two')),
  );
  t.deepEqual(await ports(), ['default_early']);
});

kubeTest('a restarted watcher applies what changed in its absence, and touches nothing else', async (t) => {
  const { mac_address, ip_address } = await annotation('early');
  await kubernetes.apply(podManifest('gone', 'gw2'));
  await annotation('gone');
  await watcher.stop();
  await kubernetes.kubectl('delete', 'pod', 'gone', '--grace-period=0', '--force');
  await kubernetes.apply(podManifest('new', 'gw2'));
  await cluster.nbctl('lsp-add', 'gw2', 'of-an-operator');
  watcher = await startWatcher(master);
  await annotation('new');
  t.deepEqual(await ports(), ['default_early', 'default_new', 'of-an-operator']);
  t.like(await annotation('early'), { mac_address, ip_address });
});

kubeTest("a deleted port is recreated with the pod's address", async (t) => {
  const before = await annotation('early');
  await cluster.nbctl('lsp-del', 'default_early');
  await until('the port to be back', async () => when((await ports()).includes('default_early')));
  const addresses = await cluster.nbctl('lsp-get-addresses', 'default_early');
  t.is(
    addresses.trim(),
    [before.mac_address, ...before.ip_address.split(',').map((one) => one.split('/')[0])].join(' '),
  );
});

kubeTest('a running pod keeps the address that kubelet reports, also one of the original', async (t) => {
  await watcher.stop();
  await kubernetes.apply(podManifest('old', 'gw1'));
  await setStatus('old', { phase: 'Running', podIP: '10.244.2.77', podIPs: [{ ip: '10.244.2.77' }] });
  watcher = await startWatcher(master);
  t.like(await annotation('old'), { mac_address: '0a:58:0a:f4:02:4d' });
  t.regex((await annotation('old')).ip_address, /^10\.244\.2\.77\/24,/);
});

kubeTest('an annotation that is not JSON is rewritten', async (t) => {
  await kubernetes.apply(podManifest('broken', 'gw1', {}, { annotations: { ovn: 'garbage' } }));
  await until('a readable annotation', async () => {
    const { ovn } = await annotations('broken');
    return when(ovn?.startsWith('{"') === true);
  });
  t.regex((await annotation('broken')).ip_address, /^10\.244\.2\./);
});

kubeTest("an annotation with the router's own address is not used", async (t) => {
  const text = JSON.stringify({
    ip_address: '10.244.2.1/24',
    mac_address: '0a:00:00:00:00:78',
    gateway_ip: '10.244.2.9',
  });
  await kubernetes.apply(podManifest('forged', 'gw1', {}, { annotations: { ovn: text } }));
  const { ip_address, gateway_ip } = await until('an annotation of the watcher', async () => {
    const found = await annotation('forged');
    return found.ip_address.startsWith('10.244.2.1/') ? undefined : found;
  });
  t.regex(ip_address, /^10\.244\.2\.\d+\/24,fd00:10:244:2:/);
  t.is(gateway_ip, '10.244.2.1,fd00:10:244:2::1');
});

kubeTest('the watcher reconnects to a database that was killed and restarted', async (t) => {
  const { ip_address } = await annotation('early');
  await killNorthbound(master.host);
  await until('the watcher to notice', async () =>
    when(/waiting for the OVN_Northbound/.test(await status())),
  );
  await kubernetes.apply(podManifest('meanwhile', 'gw2'));
  await restartNorthbound(master.host);
  t.regex((await annotation('meanwhile')).ip_address, /^10\.244\.3\.\d+\/24,fd00:10:244:3:/);
  t.true((await ports()).includes('default_meanwhile'));
  t.is((await annotation('early')).ip_address, ip_address);
  await until('no problem', async () => when(!/problem/.test(await status())));
});

interface Annotation {
  readonly ip_address: string;
  readonly mac_address: string;
  readonly gateway_ip: string;
}

async function annotations(pod: string): Promise<Readonly<Record<string, string | undefined>>> {
  const object = JSON.parse(await kubernetes.kubectl('get', 'pod', pod, '-o', 'json'));
  return object.metadata.annotations ?? {};
}

function annotation(pod: string): Promise<Annotation> {
  return until(`Pod ${pod} to be annotated`, async () => {
    const { ovn } = await annotations(pod);
    return ovn === undefined ? undefined : JSON.parse(ovn);
  });
}

/** Sets a pod's status, as kubelet does. kubectl 1.20 has no command for that. */
async function setStatus(pod: string, status: object): Promise<void> {
  const object = JSON.parse(await kubernetes.kubectl('get', 'pod', pod, '-o', 'json'));
  await kubernetes.replaceRaw(`/api/v1/namespaces/default/pods/${pod}/status`, { ...object, status });
}

/** Returns the names of all pods' logical ports. */
async function ports(): Promise<string[]> {
  const text = await cluster.nbctl('--bare', '--columns=name', 'find', 'Logical_Switch_Port', 'type=""');
  return text
    .split('\n')
    .filter((name) => name !== '' && !name.startsWith('k8s-'))
    .sort();
}

function status(): Promise<string> {
  return master.host.appctl('-t', 'ovn-k8s-watcher', 'status');
}
