import test from 'ava';
import type { Cluster, Node } from '../../lab/cluster.js';
import { kubeAssets } from '../../lab/kube.js';
import { startKubeCluster, startWatcher } from '../../lab/kube_cluster.js';
import { labTest } from '../../lab/lab_test.js';
import { podManifest } from '../../lab/manifests.js';
import { initCluster } from '../../lab/overlay.js';
import { Podman } from '../../lab/podman.js';

/** Why the plugin cannot be run by a real runtime here, or `undefined`. */
const missing = kubeAssets() === undefined ? 'no API server' : Podman.missing();
const TITLE = 'podman gets the interface of a container from the plugin, and releases it';

let cluster: Cluster | undefined;
test.after.always(() => cluster?.dispose());

if (missing !== undefined) test.skip(`${TITLE} (no container can run here: ${missing})`, (t) => t.pass());
else
  labTest(TITLE, async (t) => {
    const started = await startKubeCluster({ nodes: ['master', 'gw1'] });
    const { kubernetes } = started;
    cluster = started.cluster;
    const gw1 = cluster.node('gw1');
    await initCluster(cluster);
    await startWatcher(cluster.master);
    await kubernetes.apply(podManifest('web', 'gw1'));

    const podman = Podman.on(gw1.host);
    const before = await portsOf(gw1);
    await podman.start('web');
    t.regex(
      await podman.exec('web', 'ip', '-4', 'address', 'show', 'dev', 'eth0'),
      /inet 10\.244\.2\.\d+\/24/,
    );
    t.regex(await podman.exec('web', 'ip', '-6', 'address', 'show', 'dev', 'eth0'), /inet6 fd00:10:244:2:/);
    t.regex(await podman.exec('web', 'ping', '-c1', '-W1', '10.244.2.1'), /1 received/);
    t.is((await portsOf(gw1)).length, before.length + 1);
    await podman.remove('web');
    t.deepEqual(await portsOf(gw1), before);
  });

async function portsOf({ host }: Node): Promise<string[]> {
  return (await host.vsctl('list-ports', 'br-int')).split('\n');
}
