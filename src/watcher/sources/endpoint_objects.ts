import type { Endpoints, Slice } from '../../kube/kinds.js';
import { ProductError } from '../../net/errors.js';
import type { Endpoint } from '../state_endpoints.js';

/** The most endpoints in one object: each address has all ports, and the author may list thousands of both. */
const MOST_ENDPOINTS = 100_000;

/** Returns the endpoints in an Endpoints object. @throws ProductError `ERR_SERVICE` for too many */
export function readEndpoints({ subsets }: Endpoints): Endpoint[] {
  const counts = (subsets ?? []).map(
    ({ addresses = [], notReadyAddresses = [], ports = [] }) =>
      (addresses.length + notReadyAddresses.length) * ports.length,
  );
  refuseMany(counts.reduce((sum, one) => sum + one, 0));
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

/**
 * Returns the endpoints in one of a service's slices. An endpoint without `conditions.ready` is ready.
 * @throws ProductError `ERR_SERVICE` for too many
 */
export function readSlice({ addressType, endpoints, ports }: Slice): Endpoint[] {
  // A load balancer of OVN takes no host names.
  if (addressType === 'FQDN') return [];
  const addresses = (endpoints ?? []).reduce((sum, one) => sum + (one.addresses ?? []).length, 0);
  refuseMany(addresses * (ports ?? []).length);
  return (endpoints ?? []).flatMap(({ addresses = [], conditions, nodeName }) =>
    (ports ?? []).flatMap(({ name, port, protocol }) =>
      port === undefined
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

function refuseMany(endpoints: number): void {
  if (endpoints <= MOST_ENDPOINTS) return;
  throw new ProductError(
    'ERR_SERVICE',
    `${endpoints} endpoints in one object are more than ${MOST_ENDPOINTS}`,
  );
}
