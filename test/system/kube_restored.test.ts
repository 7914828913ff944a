import test from 'ava';
import type { Cluster, Node } from '../../lab/cluster.js';
import type { Kubernetes } from '../../lab/kube.js';
import { startKubeCluster } from '../../lab/kube_cluster.js';
import { kubeTest } from '../../lab/kube_test.js';
import { serviceManifest } from '../../lab/manifests.js';
import { initCluster, startGatewayHelper } from '../../lab/overlay.js';
import { until, when } from '../../lab/until.js';

/** Restores the etcd of a real API server from a backup, which takes versions back. */
let cluster: Cluster;
let kubernetes: Kubernetes;
let gateway: Node;
test.before(async () => {
  if (process.getuid?.() !== 0) return;
  ({ cluster, kubernetes } = await startKubeCluster({ nodes: ['master', 'gw1'] }));
  gateway = cluster.node('gw1');
  await initCluster(cluster, ['gw1']);
});
test.after.always(() => cluster?.dispose());

for (const [distance, writes] of [
  ['a little', 3],
  ['a lot', 150],
] as const)
  kubeTest(
    `a gateway serves what the server has within seconds after etcd was restored, ${distance} back`,
    async (t) => {
      await kubernetes.apply(nodePort('kept', 30_101), nodePort('busy', 30_102));
      await startGatewayHelper(gateway);
      await until('the flows', async () => when((await nodePorts()) === '30101 30102'));
      await kubernetes.backUp();
      await kubernetes.kubectl('delete', 'service', 'kept');
      await kubernetes.apply(nodePort('gone', 30_103));
      await touch(writes);
      await until('the flows', async () => when((await nodePorts()) === '30102 30103'));
      await kubernetes.restore();
      const restored = performance.now();
      // A service that changes all the time takes the versions past those from before.
      const touching = touch(20);
      await until('the flows of the backup', async () => when((await nodePorts()) === '30101 30102'), 20_000);
      t.log(`${Math.round(performance.now() - restored)} ms after the server was ready`);
      await touching;
      t.is(await nodePorts(), '30101 30102');
      await kubernetes.kubectl('delete', 'service', 'kept', 'busy');
      await until('no flows', async () => when((await nodePorts()) === ''));
      await gateway.host.appctl('-t', 'ovn-k8s-gateway-helper', 'exit');
    },
  );

function nodePort(name: string, port: number): object {
  return serviceManifest(name, { type: 'NodePort', ports: [{ port: 80, nodePort: port }] });
}

/** Changes a service so many times. */
async function touch(times: number): Promise<void> {
  for (let i = 0; i < times; i++)
    await kubernetes.kubectl('annotate', 'service', 'busy', '--overwrite', `touched=${Math.random()}`);
}

/** Returns the node ports in the gateway's flows. */
async function nodePorts(): Promise<string> {
  const text = await gateway.host.ofctl('-O', 'OpenFlow14', '--no-names', 'dump-flows', 'breth0');
  const ports = [...text.matchAll(/,tcp,\S*nw_dst=\S*,tp_dst=(301\d\d)[ ,]/g)].map(([, port]) => port);
  return [...new Set(ports)].toSorted().join(' ');
}
