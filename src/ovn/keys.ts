import type { Transport } from '../net/ports.js';

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
