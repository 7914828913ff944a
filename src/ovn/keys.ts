const SERVED = 'k8s-served:';

/** Keys of `external_ids` of northbound rows. */
export const KEYS = {
  clusterRouter: 'k8s-cluster-router',
  connectToJoin: 'connect_to_join',
  firstGateway: 'first_gateway',
  physicalIp: 'physical_ip',
  gatewayPhysicalIp: 'gateway-physical-ip',
  gatewayIp: 'gateway_ip',
  /** The options of `gateway-init`, from which every command computes the same routes. Not in ovn-kubernetes. */
  rampout: 'k8s-rampout-ip-subnets',
  sharedBridge: 'k8s-physical-bridge',
  /**
   * Marks a row of a gateway, which is deleted when it is no longer desired. Rows without the mark are an operator's.
   */
  gateway: 'k8s-gateway',
  /**
   * Whether the gateway's helper says which external addresses it serves, each by a {@link servedKey}. Others of services
   * get no virtual address then.
   */
  served: 'k8s-served',
  /** `--service-ip-subnet` of `master-init`, on the cluster router: the subnets of all ClusterIPs. */
  serviceSubnets: 'k8s-service-ip-subnet',
  /**
   * The addresses of a node's host, on the node's switch. The first of each family is the one that the host's own pods
   * have.
   */
  hostAddresses: 'k8s-host-addresses',
  /** The node of a route to an address of its host, on the cluster router. */
  host: 'k8s-host',
  /** The service of a load balancer, as `NAMESPACE/NAME`. */
  service: 'k8s-service',
  /** Which of the service's load balancers a row is: the text of its scope, protocol, service and options. */
  balancer: 'k8s-balancer',
} as const;

/**
 * Returns the key that says that a gateway's helper serves an external address. A key for each address, so that a change
 * of one costs the same however many there are.
 */
export function servedKey(address: string): string {
  return `${SERVED}${address}`;
}

/** Returns the address of a {@link servedKey}; `undefined` for any other key. */
export function servedAddress(key: string): string | undefined {
  return key.startsWith(SERVED) ? key.slice(SERVED.length) : undefined;
}
