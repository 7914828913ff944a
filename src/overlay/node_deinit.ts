import type { NorthboundTransaction } from '../ovn/connection.js';
import { findClusterRouter, readGateways } from '../ovn/gateways.js';
import { deleteBalancerGroup, isServiceBalancer } from '../ovn/load_balancers.js';
import {
  CLUSTER_BALANCERS,
  JOIN_SWITCH,
  managementInterfaceName,
  nodeBalancersName,
  switchTo,
  toSwitch,
} from '../ovn/names.js';
import { hostRoutes, hostTranslations } from '../ovn/node_hosts.js';
import { reconcileRows } from '../ovn/rows.js';
import { CLUSTER_SUBNETS, NODE_NAME, readSystemIds, setSystemIds } from '../switch/external_ids.js';
import { removePort } from '../switch/ports.js';
import { refuseGatewayNode, refuseOtherCluster, refuseUsedCluster } from './checks.js';
import { type CniDirectories, uninstallCni } from './cni_config.js';
import { commitNorthbound, type DatabaseOptions, type Databases, withDatabases } from './databases.js';

/** Removes this host from the cluster: the inverse of `minion-init`. */
export async function minionDeinit(
  options: DatabaseOptions & { readonly node: string; readonly cni: CniDirectories },
): Promise<void> {
  const { node, cni } = options;
  await withDatabases(options, async (databases) => {
    const build = (txn: NorthboundTransaction) => {
      refuseGatewayNode(readGateways(databases.nb), node);
      removeNode(databases, txn, node);
    };
    await deinitNode(databases, node, `minion-deinit ${node}`, build);
    uninstallCni(cni);
  });
}

/** Removes the cluster's own rows and this host's: the inverse of `master-init`. */
export async function masterDeinit(options: DatabaseOptions & { readonly node: string }): Promise<void> {
  const { node } = options;
  await withDatabases(options, async (databases) => {
    const { nb } = databases;
    const build = (txn: NorthboundTransaction) => {
      refuseOtherCluster(nb, node);
      const gateways = readGateways(nb);
      refuseGatewayNode(gateways, node);
      refuseUsedCluster(nb, node, gateways);
      removeNode(databases, txn, node);
      removeCluster(databases, txn, node);
    };
    await deinitNode(databases, node, `master-deinit ${node}`, build);
  });
}

async function deinitNode(
  databases: Databases,
  node: string,
  comment: string,
  build: (txn: NorthboundTransaction) => void,
): Promise<void> {
  const { local, nb, timeoutMs } = databases;
  build(nb.transaction(comment));
  const txn = local.transaction(`ovn-k8s-overlay: ${comment}`);
  removePort(local, txn, managementInterfaceName(node));
  if (readSystemIds(local).get(NODE_NAME) === node)
    setSystemIds(local, txn, { [NODE_NAME]: undefined, [CLUSTER_SUBNETS]: undefined });
  await txn.commit({ timeoutMs });
  await commitNorthbound(databases, comment, build);
}

function removeNode({ nb }: Databases, txn: NorthboundTransaction, node: string): void {
  const ownPort = nb.find('Logical_Switch_Port', ({ name }) => name === switchTo(node));
  for (const { _uuid } of nb.filter('Logical_Switch', ({ ports }) =>
    ports.some((port) => port === ownPort?._uuid),
  ))
    txn.delete('Logical_Switch', _uuid);
  deleteBalancerGroup(nb, txn, nodeBalancersName(node));
  const port = nb.find('Logical_Router_Port', ({ name }) => name === toSwitch(node))?._uuid;
  for (const { _uuid } of nb.filter('Logical_Router', ({ ports }) => ports.some((one) => one === port)))
    if (port !== undefined) txn.mutate('Logical_Router', _uuid, { ports: { delete: [port] } });
  const router = findClusterRouter(nb);
  if (router !== undefined) reconcileRows(nb, txn, [hostRoutes(router, node, [])]);
  reconcileRows(
    nb,
    txn,
    hostTranslations(
      readGateways(nb, () => undefined),
      { node, addresses: [] },
    ),
  );
}

/** Deletes the rows that belong to no node: the cluster router, switch `join`, and the services' load balancers. */
function removeCluster({ nb }: Databases, txn: NorthboundTransaction, router: string): void {
  deleteBalancerGroup(nb, txn, CLUSTER_BALANCERS);
  for (const { _uuid } of nb.filter('Logical_Router', ({ name }) => name === router))
    txn.delete('Logical_Router', _uuid);
  for (const { _uuid } of nb.filter('Logical_Switch', ({ name }) => name === JOIN_SWITCH))
    txn.delete('Logical_Switch', _uuid);
  for (const { _uuid } of nb.filter('Load_Balancer', isServiceBalancer)) txn.delete('Load_Balancer', _uuid);
}
