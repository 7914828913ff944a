import type { Cidr } from '../net/cidr.js';
import type { NorthboundTransaction } from '../ovn/connection.js';
import { readGateways, theClusterRouter } from '../ovn/gateways.js';
import { managementInterfaceName, managementPortName } from '../ovn/names.js';
import { POD_MTU } from '../ovn/pods.js';
import { gatewayRoutes, ROUTE_MARK } from '../ovn/routes.js';
import { reconcileRows } from '../ovn/rows.js';
import { IFACE_ID, requireSystemId, SYSTEM_ID } from '../switch/external_ids.js';
import { ensureIntegrationBridge, integrationBridge } from '../switch/integration_bridge.js';
import { ensurePort } from '../switch/ports.js';
import { refuseOtherCluster, refuseOverlap } from './checks.js';
import { type CniDirectories, installCni, makeCniDirectories } from './cni_config.js';
import { commitNorthbound, type DatabaseOptions, type Databases, withDatabases } from './databases.js';
import { setUpManagementPort } from './management_port.js';
import {
  clusterLoadBalancers,
  clusterRouter,
  joinSwitch,
  managementOf,
  nodeSwitch,
  portToSwitch,
} from './topology.js';

/** The options of `master-init` and `minion-init`. */
export interface NodeOptions extends DatabaseOptions {
  readonly node: string;
  readonly clusterSubnets: readonly Cidr[];
  readonly subnets: readonly Cidr[];
}

/** Creates the cluster router, switch `join` and the load balancers, and makes this host a node. */
export async function masterInit(options: NodeOptions): Promise<void> {
  const { node, subnets } = options;
  await withDatabases(options, async (databases) => {
    const build = (txn: NorthboundTransaction) => {
      refuseOtherCluster(databases.nb, node);
      refuseOverlap(databases.nb, '--master-switch-subnet', node, subnets);
      addNode(databases, txn, options, node);
    };
    await initNode(databases, options, `master-init ${node}`, build);
  });
}

/** Makes this host a node of the cluster, and links the CNI plugin. */
export async function minionInit(options: NodeOptions & { readonly cni: CniDirectories }): Promise<void> {
  const { node, subnets, cni } = options;
  await withDatabases(options, async (databases) => {
    const build = (txn: NorthboundTransaction) => {
      const router = theClusterRouter(databases.nb);
      refuseOverlap(databases.nb, '--minion-switch-subnet', node, subnets);
      addNode(databases, txn, options, router);
    };
    // A refusal must leave no directories behind, and directories that cannot be created must leave OVN unchanged.
    build(databases.nb.transaction('check'));
    makeCniDirectories(cni);
    await initNode(databases, options, `minion-init ${node}`, build);
    installCni(cni);
  });
}

/** Writes the local database first, then the kernel, OVN last: the next run completes an interrupted one. */
async function initNode(
  databases: Databases,
  { node, subnets, clusterSubnets }: NodeOptions,
  comment: string,
  build: (txn: NorthboundTransaction) => void,
): Promise<void> {
  const { local, nb, systemIds, timeoutMs } = databases;
  requireSystemId(systemIds, SYSTEM_ID, 'NODE');
  // All refusals come before the first change.
  build(nb.transaction(comment));
  const txn = local.transaction(`ovn-k8s-overlay: ${comment}`);
  const bridge = ensureIntegrationBridge(local, txn, integrationBridge(systemIds), systemIds);
  ensurePort(local, txn, bridge, {
    name: managementInterfaceName(node),
    columns: { type: 'internal', mac: managementOf(subnets).mac, mtu_request: POD_MTU },
    externalIds: { [IFACE_ID]: managementPortName(node) },
  });
  await txn.commit({ timeoutMs });
  await setUpManagementPort(node, subnets, clusterSubnets, timeoutMs);
  await commitNorthbound(databases, comment, build);
}

function addNode(
  { nb }: Databases,
  txn: NorthboundTransaction,
  { node, subnets }: NodeOptions,
  router: string,
): void {
  const loadBalancers = clusterLoadBalancers();
  // If the node is a gateway already, its new subnets change the routes.
  const gateways = readGateways(nb).map((gateway) =>
    gateway.node === node ? { ...gateway, subnets } : gateway,
  );
  reconcileRows(nb, txn, [
    ...loadBalancers,
    clusterRouter(
      router,
      { ports: [portToSwitch(node, subnets)], static_routes: gatewayRoutes(gateways) },
      { static_routes: ROUTE_MARK },
    ),
    joinSwitch(router),
    nodeSwitch(node, subnets, managementOf(subnets), loadBalancers),
  ]);
}
