import { NORTHBOUND_PORT, remote, SOUTHBOUND_PORT } from '../central.js';
import { type Cluster, ROUTER } from '../cluster.js';
import { type KubeCluster, startKubeCluster, startWatcher } from '../kube_cluster.js';
import { nodeManifest } from '../manifests.js';
import { CLUSTER_SUBNET, initCluster, startNodeDaemon, subnetOption } from '../overlay.js';
import { Machine } from './machine.js';
import type { NetworkName } from './network.js';
import { MachinePod, podProgram } from './pod.js';
import { configureUnit, installPackage } from './product.js';
import type { Suite } from './tree.js';

const LABEL = 'host';
/** The number of the node's subnets. */
const N = 2;

export interface MachineCluster extends KubeCluster {
  readonly machine: Machine;
}

/** Starts a master with Kubernetes' API server, and boots a machine as it is on day one. */
export async function startMachine(suite: Suite, network: NetworkName): Promise<MachineCluster> {
  const { cluster, kubernetes } = await startKubeCluster({ nodes: ['master'], isDualStack: true });
  const { lab, outside, master } = cluster;
  await initCluster(cluster);
  await startNodeDaemon(master);
  await startWatcher(master);
  const machine = await Machine.make({ lab, outside, label: LABEL, suite, network });
  await machine.write(podProgram());
  await kubernetes.apply(nodeManifest(LABEL, machine.v4, machine.v6));
  await machine.start();
  await machine.booted();
  return { cluster, kubernetes, machine };
}

/** Installs the product, and makes the machine a node and a gateway, as docs/deployment.md does. */
export async function joinCluster(
  { cluster, kubernetes, machine }: MachineCluster,
  persist: 'auto' | 'none' = 'none',
): Promise<MachinePod> {
  await installPackage(machine);
  await setIds(cluster, kubernetes.externalIds, machine);
  await machine.run('ovn-k8s-util', 'nics-to-bridge', 'eth0', `--persist=${persist}`);
  const init = [
    'minion-init',
    `--cluster-ip-subnet=${CLUSTER_SUBNET}`,
    `--minion-switch-subnet=${subnetOption(N)}`,
    `--node-name=${LABEL}`,
  ];
  await machine.run('ovn-k8s-overlay', ...init);
  await machine.run(
    ...['ovn-k8s-overlay', 'gateway-init', `--cluster-ip-subnet=${CLUSTER_SUBNET}`],
    ...['--bridge-interface=breth0', `--physical-ip=${machine.v4}/24,${machine.v6}/64`],
    ...[`--default-gw=${ROUTER.v4},${ROUTER.v6}`, `--node-name=${LABEL}`],
  );
  await configureUnit(machine, 'ovn-k8s-node', { NIC: 'eth0', NODE_INIT: init.join(' ') });
  await configureUnit(machine, 'ovn-k8s-gateway-helper', { BRIDGE: 'breth0', NIC: 'eth0' });
  await machine.run('systemctl', 'start', 'ovn-k8s-node', 'ovn-k8s-gateway-helper');
  return new MachinePod(kubernetes, machine, LABEL);
}

/** Sets what an operator sets once on a node. */
async function setIds(cluster: Cluster, kubernetesIds: readonly string[], machine: Machine): Promise<void> {
  const ids = {
    'ovn-nb': remote(cluster.master.v4, NORTHBOUND_PORT),
    'ovn-remote': remote(cluster.master.v4, SOUTHBOUND_PORT),
    'ovn-encap-type': 'geneve',
    'ovn-encap-ip': machine.v4,
    // The kernel of the lab has no datapath of Open vSwitch.
    'ovn-bridge-datapath-type': 'netdev',
    hostname: LABEL,
    // What doctor asks of an operator who has no admission rule for external addresses.
    'k8s-external-ip-cidrs': 'none',
  };
  const columns = Object.entries(ids).map(([key, value]) => `external_ids:${key}="${value}"`);
  await machine.run('ovs-vsctl', 'set', 'Open_vSwitch', '.', ...columns, ...kubernetesIds);
}
