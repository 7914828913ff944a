import type { Cluster } from '../../lab/cluster.js';
import { CniPlugin, makeSandbox, type Sandbox } from '../../lab/cni.js';
import type { Kubernetes } from '../../lab/kube.js';
import type { KubeCluster } from '../../lab/kube_cluster.js';
import { podManifest, serviceManifest } from '../../lab/manifests.js';
import { killNamespace, type Namespace } from '../../lab/namespace.js';
import { serveTargets } from '../../lab/targets.js';
import type { Move, ServicePlan } from './history.js';

/** The port at which each pod serves TCP and UDP. */
const POD_PORT = 8080;

interface RunningPod {
  readonly sandbox: Sandbox;
  readonly net: Namespace;
  readonly node: string;
  readonly addresses: readonly string[];
}

/** The pods and services of a soak, as controllers, kubelets and runtimes would make them. */
export class Objects {
  private readonly pods = new Map<string, RunningPod>();
  private readonly cluster: Cluster;
  private readonly kubernetes: Kubernetes;

  constructor({ cluster, kubernetes }: KubeCluster) {
    this.cluster = cluster;
    this.kubernetes = kubernetes;
  }

  async apply(move: Exclude<Move, { readonly do: 'fault' }>): Promise<void> {
    if (move.do === 'create pod') await this.createPod(move.pod, move.node);
    else if (move.do === 'delete service')
      await this.kubernetes.kubectl('delete', 'service', move.service, '--wait=false');
    else await this.putServices(move.services);
    if (move.do === 'delete pod') await this.deletePod(move.pod);
  }

  private async createPod(name: string, node: string): Promise<void> {
    const { net, ...sandbox } = await makeSandbox(this.cluster.lab, name);
    await this.kubernetes.apply(podManifest(name, node));
    const { ips } = await new CniPlugin(this.cluster.node(node).host).add(sandbox);
    const addresses = ips.map(({ address }) => address.split('/')[0] ?? '');
    await serveTargets(net, name, POD_PORT, addresses);
    this.pods.set(name, { sandbox, net, node, addresses });
  }

  private async deletePod(name: string): Promise<void> {
    const { sandbox, net, node } = this.pod(name);
    await this.kubernetes.kubectl('delete', 'pod', name, '--grace-period=0', '--force', '--wait=false');
    const { exitCode, stdout } = await new CniPlugin(this.cluster.node(node).host).run('DEL', sandbox);
    if (exitCode !== 0) throw new Error(`DEL ${name} exits with ${exitCode}: ${stdout}`);
    killNamespace(net.name);
    this.pods.delete(name);
  }

  private async putServices(services: readonly ServicePlan[]): Promise<void> {
    if (services.length > 0)
      await this.kubernetes.apply(...services.flatMap((one) => [manifestOf(one), this.endpointsOf(one)]));
  }

  private endpointsOf({ name, protocol, endpoints }: ServicePlan): object {
    const addresses = endpoints.flatMap((pod) => {
      const { node, addresses: ips } = this.pod(pod);
      return ips.map((ip) => ({ ip, nodeName: node }));
    });
    const subsets = addresses.length === 0 ? [] : [{ addresses, ports: [{ port: POD_PORT, protocol }] }];
    return { apiVersion: 'v1', kind: 'Endpoints', metadata: { name, namespace: 'default' }, subsets };
  }

  private pod(name: string): RunningPod {
    const found = this.pods.get(name);
    if (found === undefined) throw new Error(`there is no pod ${name}`);
    return found;
  }
}

function manifestOf({ name, protocol, type, nodePort }: ServicePlan): object {
  return serviceManifest(name, {
    type,
    ipFamilyPolicy: 'RequireDualStack',
    ports: [{ port: 80, protocol, targetPort: POD_PORT, nodePort: type === 'NodePort' ? nodePort : null }],
  });
}
