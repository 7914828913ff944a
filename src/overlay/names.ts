import type { Transport } from '../net/ports.js';

/**
 * Names of rows and the keys that find them, those of ovn-kubernetes' overlay mode: users, their notes and their
 * tools search by them.
 */
export const JOIN_SWITCH = 'join';

/** Pods' packets are this long at most: what Geneve leaves of 1500 octets, with room (design of the original). */
export const POD_MTU = 1400;

/** `external_ids` of rows. */
export const KEYS = {
  clusterRouter: 'k8s-cluster-router',
  connectToJoin: 'connect_to_join',
  firstGateway: 'first_gateway',
  physicalIp: 'physical_ip',
  gatewayPhysicalIp: 'gateway-physical-ip',
  gatewayIp: 'gateway_ip',
  /** Ours: what `gateway-init` was told, so that another command can work out the same routes. */
  rampout: 'k8s-rampout-ip-subnets',
  sharedBridge: 'k8s-physical-bridge',
  /** Ours: whose row this is, so that a row which is not wanted any more can be told from one of an operator. */
  gateway: 'k8s-gateway',
  /** Ours: whose a load balancer is that one service has for itself, as `NAMESPACE/NAME`. */
  service: 'k8s-service',
} as const;

export function clusterLoadBalancerKey(protocol: Transport): string {
  return `k8s-cluster-lb-${protocol}`;
}

export function gatewayLoadBalancerKey(protocol: Transport): string {
  return `${protocol.toUpperCase()}_lb_gateway_router`;
}

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
