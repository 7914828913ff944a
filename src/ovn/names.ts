/**
 * Names of rows and the keys that find them, those of ovn-kubernetes' overlay mode: users, their notes and their
 * tools search by them.
 */
export const JOIN_SWITCH = 'join';

export function gatewayRouterName(node: string): string {
  return `GR_${node}`;
}

export function externalSwitchName(node: string): string {
  return `ext_${node}`;
}

/** The router's port towards the join switch. */
export function toJoin(router: string): string {
  return `rtoj-${router}`;
}

/** The join switch's port towards a router. */
export function joinTo(router: string): string {
  return `jtor-${router}`;
}

/** The cluster router's port towards a node's switch. */
export function toSwitch(node: string): string {
  return `rtos-${node}`;
}

/** A node's switch's port towards the cluster router. */
export function switchTo(node: string): string {
  return `stor-${node}`;
}

/** The gateway router's port towards the outside. */
export function toOutside(gatewayRouter: string): string {
  return `rtoe-${gatewayRouter}`;
}

/** The outside switch's port towards the gateway router. */
export function outsideTo(gatewayRouter: string): string {
  return `etor-${gatewayRouter}`;
}

/** The logical port of a bridge or NIC on the switch of the outside. */
export function localPortName(device: string, node: string): string {
  return `${device}_${node}`;
}

/** A node's own port on its logical switch, and the value of `iface-id` of its interface. */
export function managementPortName(node: string): string {
  return `k8s-${node}`;
}

/** The kernel takes at most 15 characters (IFNAMSIZ less one). */
export function managementInterfaceName(node: string): string {
  return managementPortName(node).slice(0, 15);
}
