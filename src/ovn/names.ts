import { createHash } from 'node:crypto';

/** Names of rows, as in ovn-kubernetes' overlay mode: users, their notes and their tools search by them. */
export const JOIN_SWITCH = 'join';
/** The `Load_Balancer_Group` that every node's switch has. That of a gateway router is named like the router. */
export const CLUSTER_BALANCERS = 'k8s-cluster';

const GATEWAY_ROUTER = 'GR_';
const TO_SWITCH = 'rtos-';
const MANAGEMENT_PORT = 'k8s-';
const TO_OUTSIDE = 'rtoe-';

/** The kernel takes at most 15 characters (IFNAMSIZ less one). */
const LONGEST_INTERFACE_NAME = 15;

export function gatewayRouterName(node: string): string {
  return `${GATEWAY_ROUTER}${node}`;
}

/** Returns the node of a gateway router; `undefined` if the name is not a gateway router's. */
export function nodeOfGatewayRouter(router: string): string | undefined {
  return withoutPrefix(router, GATEWAY_ROUTER);
}

/** The nft table of a node's host, which `ovn-k8s-node` keeps. */
export const NODE_TABLE = { family: 'inet', name: 'ovn-k8s-node' } as const;

/** Returns the name of the `Load_Balancer_Group` that the switch of a node has to itself. */
export function nodeBalancersName(node: string): string {
  return `switch_${node}`;
}

export function externalSwitchName(node: string): string {
  return `ext_${node}`;
}

/** What the address sets of a gateway are for: `snat` has the destinations that see its router as their client. */
export type SetUse = 'snat' | 'cluster' | 'outside';

/** Returns the name of an address set of a gateway. */
export function addressSetName(use: SetUse, node: string, family: 4 | 6): string {
  return `k8s_${use}_${inExpression(node)}_ip${family}`;
}

/**
 * Returns a name for a node that an expression of OVN takes: letters, digits, "_" and "." (ovn-sb(5), Address_Set). A
 * node of Kubernetes has no "_" in its name. Another name that has one gets a hash, or `a_b` would have the sets of `a-b`.
 */
function inExpression(node: string): string {
  const hash = node.includes('_') ? `.${createHash('sha256').update(node).digest('hex').slice(0, 8)}` : '';
  return `${node.replaceAll('-', '_')}${hash}`;
}

/** Returns the name of a router's port to switch `join`. */
export function toJoin(router: string): string {
  return `rtoj-${router}`;
}

/** Returns the name of switch `join`'s port to a router. */
export function joinTo(router: string): string {
  return `jtor-${router}`;
}

/** Returns the name of the cluster router's port to a node's switch. */
export function toSwitch(node: string): string {
  return `${TO_SWITCH}${node}`;
}

/**
 * Returns the node whose switch a port of the cluster router leads to; `undefined` if the port leads to no node's
 * switch.
 */
export function nodeOfRouterPort(port: string): string | undefined {
  return withoutPrefix(port, TO_SWITCH);
}

/** Returns the name of a node's switch's port to the cluster router. */
export function switchTo(node: string): string {
  return `stor-${node}`;
}

/** Returns the name of a gateway router's port to the external switch. */
export function toOutside(gatewayRouter: string): string {
  return `${TO_OUTSIDE}${gatewayRouter}`;
}

/** Returns the node of a gateway router's port to the external switch; `undefined` for any other port. */
export function nodeOfOutsidePort(port: string): string | undefined {
  const router = withoutPrefix(port, TO_OUTSIDE);
  return router === undefined ? undefined : nodeOfGatewayRouter(router);
}

/** Returns the name of the external switch's port to its gateway router. */
export function outsideTo(gatewayRouter: string): string {
  return `etor-${gatewayRouter}`;
}

/**
 * Returns the name of the external switch's port for a bridge or NIC, which is also the `iface-id` of its interface.
 */
export function localPortName(device: string, node: string): string {
  return `${device}_${node}`;
}

/** Returns the name of a node's management port, which is also the `iface-id` of its interface. */
export function managementPortName(node: string): string {
  return `${MANAGEMENT_PORT}${node}`;
}

/** Returns the node of a management port; `undefined` if the name does not begin like a management port's. */
export function nodeOfManagementPort(port: string): string | undefined {
  return withoutPrefix(port, MANAGEMENT_PORT);
}

/** Returns the name of a node's management interface in the kernel. */
export function managementInterfaceName(node: string): string {
  return managementPortName(node).slice(0, LONGEST_INTERFACE_NAME);
}

function withoutPrefix(name: string, prefix: string): string | undefined {
  return name.startsWith(prefix) ? name.slice(prefix.length) : undefined;
}
