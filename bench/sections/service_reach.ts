import { join } from 'node:path';
import { type KubeCluster, startKubeCluster, startWatcher } from '../../lab/kube_cluster.js';
import { startKubePod } from '../../lab/kube_pod.js';
import { endpointsManifest, serviceManifest } from '../../lab/manifests.js';
import type { Namespace } from '../../lab/namespace.js';
import { initCluster, startNodeDaemon } from '../../lab/overlay.js';
import { PROJECT } from '../../lab/project.js';
import { askTargets, serveTargets } from '../../lab/targets.js';
import { until, when } from '../../lab/until.js';
import type { Figure, Report, Section } from '../figure.js';

const AGENT = join(PROJECT, 'bench/lab/connect_agent.mjs');
const ROUNDS = 20;
const CONNECTIONS = 20;
const PORT = 8080;

export const serviceReach: Section = {
  name: 'service_reach',
  about: [
    'Two nodes with a real API server, the watcher and ovn-k8s-node. A pod on the other node serves a ClusterIP. Time from',
    "connect(2) to the server's first octets for new TCP connections: of a pod and of its node's host, which alternate.",
  ],

  async measure(): Promise<Report> {
    const started = await startKubeCluster({ nodes: ['master', 'n2'] });
    const { cluster } = started;
    const here = cluster.master;
    await initCluster(cluster);
    await startWatcher(here);
    await startNodeDaemon(here);
    const client = await addPod(started, 'client', 'master');
    const server = await addPod(started, 'server', 'n2');
    await serveTargets(server.net, 'server', PORT, [server.address]);
    const address = await serve(started, server.address);
    for (const net of [here.host.net, client.net]) await awaitAnswer(net, address);

    const times = { host: [] as number[], pod: [] as number[] };
    for (let round = 0; round < ROUNDS; round += 1) {
      times.pod.push(...(await connectOften(client.net, address)));
      times.host.push(...(await connectOften(here.host.net, address)));
    }
    cluster.dispose();
    const pod: Figure = { name: 'a pod to a ClusterIP', unit: 'ms', samples: times.pod };
    return {
      figures: [
        pod,
        {
          name: 'a host to a ClusterIP',
          unit: 'ms',
          samples: times.host,
          to: pod,
          targets: [{ of: 'median', as: 'ratio', atMost: 1.2 }],
        },
      ],
    };
  },
};

interface Place {
  readonly net: Namespace;
  readonly address: string;
}

async function addPod(started: KubeCluster, name: string, node: string): Promise<Place> {
  const { net, addresses } = await startKubePod(started, started.cluster.node(node), name);
  return { net, address: addresses[0] ?? '' };
}

/** Makes a service with this endpoint; returns its ClusterIP. */
async function serve({ kubernetes }: KubeCluster, ip: string): Promise<string> {
  await kubernetes.apply(
    serviceManifest('web', { ports: [{ port: PORT }] }),
    endpointsManifest('web', { port: PORT }, [{ ip }]),
  );
  return kubernetes.kubectl('get', 'service', 'web', '--output=jsonpath={.spec.clusterIP}');
}

async function awaitAnswer(net: Namespace, address: string): Promise<void> {
  await until('the service to answer', async () => {
    const [answer] = await askTargets(net, [{ protocol: 'tcp', address, port: PORT }]);
    return when(answer?.outcome === 'server');
  });
}

async function connectOften(net: Namespace, address: string): Promise<number[]> {
  return JSON.parse(await net.exec([process.execPath, AGENT, address, String(PORT), String(CONNECTIONS)]));
}
