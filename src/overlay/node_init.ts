import { type Cidr, formatCidr } from '../net/cidr.js';
import type { NorthboundTransaction } from '../ovn/connection.js';
import { gatewaySets, setRows } from '../ovn/gateway_sets.js';
import { readGateways, readServiceSubnets, theClusterRouter } from '../ovn/gateways.js';
import { KEYS } from '../ovn/keys.js';
import { type ManagementPort, setUpManagementPort } from '../ovn/management_port.js';
import { managementInterfaceName, managementPortName } from '../ovn/names.js';
import { POD_MTU } from '../ovn/pods.js';
import { gatewayRoutes, ROUTER_MARK } from '../ovn/routes.js';
import { reconcileRows } from '../ovn/rows.js';
import { servicePolicies } from '../ovn/service_policies.js';
import {
  CLUSTER_SUBNETS,
  IFACE_ID,
  NODE_NAME,
  requireSystemId,
  SYSTEM_ID,
  setSystemIds,
} from '../switch/external_ids.js';
import { ensureIntegrationBridge, integrationBridge } from '../switch/integration_bridge.js';
import { ensurePort } from '../switch/ports.js';
import {
  nodeSubnets,
  refuseOtherCluster,
  refuseOverlap,
  refuseServiceNetwork,
  refuseServiceOverlap,
  refuseSubnetLengths,
} from './checks.js';
import { type CniDirectories, installCni, makeCniDirectories } from './cni_config.js';
import { commitNorthbound, type DatabaseOptions, type Databases, withDatabases } from './databases.js';
import {
  clusterBalancers,
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

/** The options of `master-init`. */
export interface MasterOptions extends NodeOptions {
  /** The subnets of all ClusterIPs; `undefined` keeps those that the cluster router has. */
  readonly serviceSubnets: readonly Cidr[] | undefined;
}

/**
 * Creates the cluster router, switch `join` and the group of load balancers, and makes this host a node.
 * @returns notes for the operator, one line each
 */
export async function masterInit(options: MasterOptions): Promise<string[]> {
  const { node, subnets } = options;
  return withDatabases(options, async (databases) => {
    const { nb } = databases;
    const serviceSubnets = options.serviceSubnets ?? readServiceSubnets(nb);
    const build = (txn: NorthboundTransaction) => {
      refuseOtherCluster(nb, node);
      refuseOverlap(nb, '--master-switch-subnet', node, subnets);
      refuseServiceOverlap(nb, node, serviceSubnets);
      addNode(databases, txn, { ...options, serviceSubnets }, node);
    };
    await initNode(databases, { ...options, serviceSubnets }, `master-init ${node}`, build);
    return serviceSubnets.length > 0
      ? []
      : ['hosts do not reach services until master-init is run with --service-ip-subnet'];
  });
}

/** Makes this host a node of the cluster, and links the CNI plugin. */
export async function minionInit(options: NodeOptions & { readonly cni: CniDirectories }): Promise<void> {
  const { node, subnets, cni } = options;
  await withDatabases(options, async (databases) => {
    const serviceSubnets = readServiceSubnets(databases.nb);
    const build = (txn: NorthboundTransaction) => {
      const router = theClusterRouter(databases.nb);
      refuseOverlap(databases.nb, '--minion-switch-subnet', node, subnets);
      addNode(databases, txn, { ...options, serviceSubnets }, router);
    };
    // A refusal must leave no directories behind, and directories that cannot be created must leave OVN unchanged.
    build(databases.nb.transaction('check'));
    makeCniDirectories(cni);
    await initNode(databases, { ...options, serviceSubnets }, `minion-init ${node}`, build);
    installCni(cni);
  });
}

/** Writes the local database first, then the kernel, OVN last: the next run completes an interrupted one. */
async function initNode(
  databases: Databases,
  { node, ...port }: NodeOptions & ManagementPort,
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
    columns: { type: 'internal', mac: managementOf(port.subnets).mac, mtu_request: POD_MTU },
    externalIds: { [IFACE_ID]: managementPortName(node) },
  });
  setSystemIds(local, txn, {
    [NODE_NAME]: node,
    [CLUSTER_SUBNETS]: port.clusterSubnets.map(formatCidr).join(','),
  });
  await txn.commit({ timeoutMs });
  await setUpManagementPort(local, node, port, timeoutMs);
  await commitNorthbound(databases, comment, build);
}

function addNode(
  { nb }: Databases,
  txn: NorthboundTransaction,
  { node, ...port }: NodeOptions & ManagementPort,
  router: string,
): void {
  const { subnets, clusterSubnets, serviceSubnets } = port;
  for (const network of [...subnets, ...clusterSubnets])
    refuseServiceNetwork(serviceSubnets, network, `of node ${node}`);
  const balancers = clusterBalancers();
  // If the node is a gateway already, its new subnets change the routes and the translation of clients.
  const gateways = readGateways(nb).map((gateway) =>
    gateway.node === node ? { ...gateway, subnets } : gateway,
  );
  refuseSubnetLengths(gateways, nodeSubnets(nb, node, subnets));
  reconcileRows(nb, txn, [
    balancers,
    clusterRouter(
      router,
      {
        ports: [portToSwitch(node, subnets)],
        static_routes: gatewayRoutes(gateways),
        policies: servicePolicies(serviceSubnets),
      },
      { static_routes: ROUTER_MARK, policies: ROUTER_MARK },
      { [KEYS.serviceSubnets]: serviceSubnets.map(formatCidr).join(',') || undefined },
    ),
    joinSwitch(router),
    ...setRows(gatewaySets(gateways, serviceSubnets)),
    nodeSwitch(node, subnets, managementOf(subnets), balancers),
  ]);
}
