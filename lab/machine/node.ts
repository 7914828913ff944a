import { NORTHBOUND_PORT, remote, SOUTHBOUND_PORT } from '../central.js';
import { type Cluster, ROUTER, startCluster } from '../cluster.js';
import { bridgeNics, CLUSTER_SUBNET, masterInit, overlayWell, subnetOption } from '../overlay.js';
import { Machine } from './machine.js';
import type { NetworkName } from './network.js';
import { MachinePod } from './pod.js';
import { configureUnit, installPackage } from './product.js';
import type { Suite } from './tree.js';

const LABEL = 'host';
/** The number of the node's subnets. */
const N = 2;

/** Starts the master, and boots a machine as it is on day one. */
export async function startMachine(
  suite: Suite,
  network: NetworkName,
): Promise<{ readonly cluster: Cluster; readonly machine: Machine }> {
  const cluster = await startCluster({ nodes: ['master'] });
  await bridgeNics(cluster);
  await overlayWell(cluster.master, ...masterInit(cluster.master, 1));
  const { lab, outside } = cluster;
  const machine = await Machine.make({ lab, outside, label: LABEL, suite, network });
  await machine.start();
  await machine.booted();
  return { cluster, machine };
}

/** Installs the product, and makes the machine a node and a gateway, as docs/deployment.md does. */
export async function joinCluster(cluster: Cluster, machine: Machine): Promise<MachinePod> {
  await installPackage(machine);
  const ids = {
    'ovn-nb': remote(cluster.master.v4, NORTHBOUND_PORT),
    'ovn-remote': remote(cluster.master.v4, SOUTHBOUND_PORT),
    'ovn-encap-type': 'geneve',
    'ovn-encap-ip': machine.v4,
    // The kernel of the lab has no datapath of Open vSwitch.
    'ovn-bridge-datapath-type': 'netdev',
    hostname: LABEL,
  };
  const columns = Object.entries(ids).map(([key, value]) => `external_ids:${key}="${value}"`);
  await machine.run('ovs-vsctl', 'set', 'Open_vSwitch', '.', ...columns);
  await machine.run('ovn-k8s-util', 'nics-to-bridge', 'eth0');
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
  return new MachinePod(cluster, machine, { label: LABEL, n: N });
}
