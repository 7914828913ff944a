import type { Node } from './cluster.js';
import { CniPlugin, makeSandbox } from './cni.js';
import type { KubeCluster } from './kube_cluster.js';
import { podManifest } from './manifests.js';
import type { Namespace } from './namespace.js';

export interface KubePod {
  readonly net: Namespace;
  /** One a family, without prefixes. */
  readonly addresses: readonly string[];
}

/** Creates a pod at the API server, and its interface by the plugin as kubelet's runtime does. */
export async function startKubePod(
  { cluster, kubernetes }: KubeCluster,
  on: Node,
  name: string,
  more: object = {},
): Promise<KubePod> {
  const { net, ...sandbox } = await makeSandbox(cluster.lab, name);
  await kubernetes.apply(podManifest(name, on.host.label, more));
  const { ips } = await new CniPlugin(on.host).add(sandbox);
  return { net, addresses: ips.map(({ address }) => address.split('/')[0] ?? '') };
}
