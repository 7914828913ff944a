import { removeGuard } from '../host/guard.js';
import { runIp } from '../host/iproute_write.js';
import { parseInterfaceName } from '../net/interface_name.js';
import type { NorthboundTransaction } from '../ovn/connection.js';
import { gatewaySets, setRows } from '../ovn/gateway_sets.js';
import { findClusterRouter, readGateways, readServiceSubnets } from '../ovn/gateways.js';
import { KEYS } from '../ovn/keys.js';
import { deleteBalancerGroup, deleteServiceBalancers } from '../ovn/load_balancers.js';
import { externalSwitchName, gatewayRouterName, JOIN_SWITCH, joinTo, localPortName } from '../ovn/names.js';
import { gatewayRoutes, ROUTER_MARK, withFirst } from '../ovn/routes.js';
import { reconcileRows, wanted } from '../ovn/rows.js';
import { findBridge } from '../switch/bridges.js';
import type { LocalDatabase, LocalTransaction } from '../switch/connection.js';
import { IFACE_ID, NODE_NAME, PHYSICAL_IP, readSystemIds, SNAT_PORT_RANGE } from '../switch/external_ids.js';
import { integrationBridge } from '../switch/integration_bridge.js';
import { patchName, patchPeerName } from '../switch/patch_pair.js';
import { removePort } from '../switch/ports.js';
import { commitNorthbound, type DatabaseOptions, type Databases, withDatabases } from './databases.js';
import { isReserved, reserveHostPorts } from './host_ports.js';
import { formerAddresses, formerRange } from './physical.js';
import { clusterRouter } from './topology.js';

export interface GatewayDeinitOptions extends DatabaseOptions {
  readonly node: string;
  readonly sysctlDir: string;
}

/**
 * Removes the gateway of this host: the inverse of `gateway-init`. If it was the first gateway, the remaining one with
 * the lowest name becomes the first.
 * @returns whether the host or OVN had anything of a gateway
 */
export async function gatewayDeinit(options: GatewayDeinitOptions): Promise<boolean> {
  const { node } = options;
  return withDatabases(options, async (databases) => {
    const wasOnHost = await disconnectHost(databases.local, options);
    let wasInOvn = false;
    await commitNorthbound(databases, `gateway-deinit ${node}`, (nbTxn) => {
      removeGateway(databases, nbTxn, node);
      // A transaction that is computed again is empty if the first one took effect but its reply was lost.
      wasInOvn ||= !nbTxn.isEmpty;
      rerouteWithout(databases.nb, nbTxn, node);
    });
    return wasInOvn || wasOnHost;
  });
}

/**
 * Undoes what `gateway-init` did to this host itself: ports, the bridge's keys, and a dedicated NIC.
 * @returns whether the host had anything of a gateway
 */
export async function disconnectHost(
  local: LocalDatabase,
  { node, sysctlDir, timeoutMs }: GatewayDeinitOptions,
): Promise<boolean> {
  const txn = local.transaction(`ovn-k8s-overlay: gateway-deinit ${node}`);
  const bridges = local.filter('Bridge', (row) => row.external_ids.get(NODE_NAME) === node);
  const hasPorts = givePortsBack(local, bridges, sysctlDir);
  for (const { name } of bridges) disconnectBridge(local, txn, name, integrationBridge(readSystemIds(local)));
  const nics = dedicatedNics(local, node);
  for (const { name } of nics) removePort(local, txn, name);
  // A later run finds the NICs of an interrupted one by their rows, so the rows are deleted last.
  for (const nic of nics) await takeBack(nic);
  await txn.commit({ timeoutMs });
  return hasPorts || bridges.length > 0 || nics.length > 0;
}

/**
 * Gives the host the ports back that are reserved for the gateway on `bridges`. Ports that an interrupted
 * `gateway-init` reserved are on no bridge yet, and are given back too.
 * @returns whether any were reserved
 */
function givePortsBack(
  local: LocalDatabase,
  bridges: readonly { readonly name: string }[],
  sysctlDir: string,
): boolean {
  const [former] = bridges.flatMap(({ name }) => formerRange(local, name) ?? []);
  const isOnNone = local.find('Bridge', ({ external_ids }) => external_ids.has(NODE_NAME)) === undefined;
  const isAny = former !== undefined || (isOnNone && isReserved(sysctlDir));
  if (isAny) reserveHostPorts({ range: undefined, former, ephemeral: undefined, sysctlDir });
  return isAny;
}

/** A dedicated NIC and the addresses that it had before `gateway-init`. */
interface Nic {
  readonly name: string;
  readonly addresses: readonly string[];
}

function disconnectBridge(
  local: LocalDatabase,
  txn: LocalTransaction,
  bridge: string,
  integration: string,
): void {
  removePort(local, txn, patchName(bridge));
  removePort(local, txn, patchPeerName(bridge, integration));
  const row = findBridge(local, bridge);
  if (row !== undefined)
    txn.mutate('Bridge', row._uuid, {
      external_ids: { delete: [PHYSICAL_IP, SNAT_PORT_RANGE, NODE_NAME] },
    });
}

/** Returns the NICs that are dedicated to the gateway of `node`. @throws ProductError for a name that no NIC has */
function dedicatedNics(local: LocalDatabase, node: string): Nic[] {
  return local
    .filter('Interface', ({ name, external_ids }) => external_ids.get(IFACE_ID) === localPortName(name, node))
    .map(({ name }) => ({ name: parseInterfaceName(name), addresses: formerAddresses(local, name) }));
}

async function takeBack({ name, addresses }: Nic): Promise<void> {
  await removeGuard(name);
  for (const address of addresses) await runIp('addr', 'replace', address, 'dev', name);
}

function removeGateway({ nb }: Databases, txn: NorthboundTransaction, node: string): void {
  const router = gatewayRouterName(node);
  deleteBalancerGroup(nb, txn, router);
  for (const { _uuid, load_balancer } of nb.filter('Logical_Router', ({ name }) => name === router)) {
    txn.delete('Logical_Router', _uuid);
    // Those that an earlier version attached one by one.
    deleteServiceBalancers(nb, txn, load_balancer);
  }
  for (const { _uuid } of nb.filter('Logical_Switch', ({ name }) => name === externalSwitchName(node)))
    txn.delete('Logical_Switch', _uuid);
  const sets = nb.filter('Address_Set', ({ external_ids }) => external_ids.get(KEYS.gateway) === router);
  for (const { _uuid } of sets) {
    txn.delete('Address_Set', _uuid);
    // Without this the database refuses: it counts the references of rows that the router's deletion leaves behind.
    for (const nat of nb.filter('NAT', (row) => row.allowed_ext_ips === _uuid)) txn.delete('NAT', nat._uuid);
  }
  const joinPort = nb.find('Logical_Switch_Port', ({ name }) => name === joinTo(router))?._uuid;
  for (const { _uuid } of nb.filter('Logical_Switch', ({ name }) => name === JOIN_SWITCH))
    if (joinPort !== undefined) txn.mutate('Logical_Switch', _uuid, { ports: { delete: [joinPort] } });
}

/** Reconciles the cluster router's routes and the address sets with the remaining gateways, and marks the first. */
function rerouteWithout(nb: Databases['nb'], txn: NorthboundTransaction, node: string): void {
  const cluster = findClusterRouter(nb);
  if (cluster === undefined) return;
  const gateways = withFirst(readGateways(nb).filter((gateway) => gateway.node !== node));
  const promoted = gateways
    .filter(({ isFirst }) => isFirst)
    .map((gateway) =>
      wanted('Logical_Router', {
        is: { name: gatewayRouterName(gateway.node) },
        pairs: { external_ids: { [KEYS.firstGateway]: 'yes' } },
      }),
    );
  reconcileRows(nb, txn, [
    clusterRouter(cluster, { static_routes: gatewayRoutes(gateways) }, { static_routes: ROUTER_MARK }),
    ...setRows(gatewaySets(gateways, readServiceSubnets(nb))),
    ...promoted,
  ]);
}
