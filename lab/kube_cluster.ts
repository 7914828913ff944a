import { type Cluster, type Node, startCluster } from './cluster.js';
import { Kubernetes } from './kube.js';
import type { Running } from './running.js';

/** A cluster with Kubernetes' API server on its first host. All hosts are configured with the server's address. */
export interface KubeCluster {
  readonly cluster: Cluster;
  readonly kubernetes: Kubernetes;
}

export async function startKubeCluster({
  isDualStack = false,
  ...options
}: Parameters<typeof startCluster>[0] & KubeOptions = {}): Promise<KubeCluster> {
  const cluster = await startCluster(options);
  return { cluster, kubernetes: await addKubernetes(cluster, { isDualStack }) };
}

interface KubeOptions {
  /** Whether services can have IPv6 addresses too. */
  readonly isDualStack?: boolean;
}

/** Starts an API server on the master, and sets on each node where it is. */
export async function addKubernetes(
  cluster: Cluster,
  { isDualStack = false }: KubeOptions = {},
): Promise<Kubernetes> {
  const { host, v4 } = cluster.master;
  const kubernetes = await Kubernetes.start({ net: host.net, dir: host.dir, address: v4, isDualStack });
  await Promise.all(
    cluster.nodes.map((node) => node.host.vsctl('set', 'Open_vSwitch', '.', ...kubernetes.externalIds)),
  );
  return kubernetes;
}

/** Starts the watcher on a node, in the foreground; resolves when it logs that it waits or follows a server. */
export async function startWatcher({ host }: Node, ...more: readonly string[]): Promise<Running> {
  const watcher = host.spawn('ovn-k8s-watcher', ['--overlay', '--pidfile', ...more]);
  await watcher.says(/waiting|following/);
  return watcher;
}
