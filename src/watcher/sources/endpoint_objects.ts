import type { V1EndpointSlice, V1Endpoints } from '@kubernetes/client-node';
import type { Endpoint } from '../state_endpoints.js';

/** Returns the endpoints in an Endpoints object. */
export function readEndpoints({ subsets }: V1Endpoints): Endpoint[] {
  return (subsets ?? []).flatMap(({ addresses = [], notReadyAddresses = [], ports = [] }) =>
    [
      ...addresses.map((address) => ({ ...address, isReady: true })),
      ...notReadyAddresses.map((address) => ({ ...address, isReady: false })),
    ].flatMap(({ ip, nodeName, isReady }) =>
      ports.flatMap(({ name = '', port, protocol = 'TCP' }) =>
        ip === undefined || port === undefined
          ? []
          : [{ ip, port, portName: name, protocol, node: nodeName, isReady }],
      ),
    ),
  );
}

/** Returns the endpoints in one of a service's slices. An endpoint without `conditions.ready` is ready. */
export function readSlice({ addressType, endpoints, ports }: V1EndpointSlice): Endpoint[] {
  // A load balancer of OVN takes no host names.
  if (addressType === 'FQDN') return [];
  return (endpoints ?? []).flatMap(({ addresses = [], conditions, nodeName }) =>
    (ports ?? []).flatMap(({ name, port, protocol }) =>
      port === undefined || port === null
        ? []
        : addresses.map((ip) => ({
            ip,
            port,
            portName: name ?? '',
            protocol: protocol ?? 'TCP',
            node: nodeName,
            isReady: conditions?.ready ?? true,
          })),
    ),
  );
}
