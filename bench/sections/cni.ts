import { CniPlugin, makeSandbox } from '../../lab/cni.js';
import { startKubeCluster, startWatcher } from '../../lab/kube_cluster.js';
import { podManifest } from '../../lab/manifests.js';
import { initCluster, subnetsOf } from '../../lab/overlay.js';
import { cniPlugin } from '../../lab/project.js';
import { until, when } from '../../lab/until.js';
import type { Figure, Report, Section } from '../figure.js';
import { timeProcess } from '../processes.js';

const PODS = 30;
const STARTS = 30;

export const cni: Section = {
  name: 'cni',
  about: [
    `The plugin, on a node with real OVN, for ${PODS} pods with logical ports. Time from the start of ADD until the gateway answers a`,
    'ping from inside the pod; it includes ip netns exec and ping itself. Then VERSION and node with an empty script, in',
    'turns.',
  ],

  async measure(): Promise<Report> {
    const nodes: number[] = [];
    const versions: number[] = [];
    const argv = [process.execPath, cniPlugin()] as const;
    const env = { ...process.env, CNI_COMMAND: 'VERSION' };
    timeProcess(argv, { env });
    for (let round = 0; round < STARTS; round += 1) {
      nodes.push(timeProcess([process.execPath, '-e', '0']));
      versions.push(timeProcess(argv, { env }));
    }
    const node: Figure = { name: 'node -e 0', unit: 'ms', samples: nodes };
    return {
      figures: [
        {
          name: 'ADD to a ping',
          unit: 'ms',
          samples: await addPods(),
          to: node,
          targets: [{ of: 'median', as: 'value', atMost: 110 }],
        },
        node,
        {
          name: 'VERSION',
          unit: 'ms',
          samples: versions,
          to: node,
          targets: [{ of: 'median', as: 'ratio', atMost: 2.5 }],
        },
      ],
    };
  },
};

async function addPods(): Promise<number[]> {
  const { cluster, kubernetes } = await startKubeCluster({ nodes: ['master', 'gw1'] });
  const gw1 = cluster.node('gw1');
  await initCluster(cluster);
  await startWatcher(cluster.master);
  const names = Array.from({ length: PODS }, (_, i) => `pod-${i}`);
  await kubernetes.apply(...names.map((name) => podManifest(name, gw1.host.label)));
  await until('all pods annotated', async () => {
    const jsonpath = '--output=jsonpath={.items[*].metadata.annotations.ovn}';
    const text = await kubernetes.kubectl('get', 'pods', jsonpath);
    return when(text.split('ip_address').length > PODS);
  });
  const plugin = new CniPlugin(gw1.host);
  const times: number[] = [];
  for (const name of names) {
    const uid = await kubernetes.kubectl('get', 'pod', name, '--output=jsonpath={.metadata.uid}');
    const sandbox = { ...(await makeSandbox(cluster.lab, name)), uid };
    const start = performance.now();
    await plugin.add(sandbox);
    await sandbox.net.exec(['ping', '-c1', '-W1', '-q', `${subnetsOf(2).v4}.1`]);
    times.push(performance.now() - start);
  }
  cluster.dispose();
  return times;
}
