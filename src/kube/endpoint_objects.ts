import { ProductError } from '../net/errors.js';
import type { Endpoint, EndpointState } from './endpoint_index.js';
import type { Endpoints, Slice } from './kinds.js';

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
      ...addresses.map((address) => ({ ...address, state: 'ready' as const })),
      ...notReadyAddresses.map((address) => ({ ...address, state: 'unready' as const })),
    ].flatMap(({ ip, nodeName, state }) =>
      ports.flatMap(({ name = '', port, protocol = 'TCP' }) =>
        ip === undefined || port === undefined
          ? []
          : [{ ip, port, portName: name, protocol, node: nodeName, state }],
      ),
    ),
  );
}

/** Returns the endpoints in one of a service's slices. @throws ProductError `ERR_SERVICE` for names or too many */
export function readSlice({ addressType, endpoints, ports }: Slice): Endpoint[] {
  if (addressType === 'FQDN')
    throw new ProductError('ERR_SERVICE', 'its endpoints of type FQDN are names, not addresses');
  const addresses = (endpoints ?? []).reduce((sum, one) => sum + (one.addresses ?? []).length, 0);
  refuseMany(addresses * (ports ?? []).length);
  return (endpoints ?? []).flatMap(({ addresses = [], conditions, hints, nodeName }) => {
    const what = { node: nodeName, state: stateOf(conditions), ...readHints(hints) };
    return (ports ?? []).flatMap(({ name = '', port, protocol = 'TCP' }) =>
      port === undefined ? [] : addresses.map((ip) => ({ ip, port, portName: name, protocol, ...what })),
    );
  });
}

type WrittenEndpoint = NonNullable<Slice['endpoints']>[number];

/** An endpoint is ready, serves, and does not end, unless a condition says otherwise (Kubernetes, EndpointConditions). */
function stateOf({
  ready = true,
  serving = true,
  terminating = false,
}: NonNullable<WrittenEndpoint['conditions']> = {}): EndpointState {
  if (ready) return 'ready';
  return serving && terminating ? 'leaving' : 'unready';
}

function readHints({ forNodes, forZones }: NonNullable<WrittenEndpoint['hints']> = {}) {
  const names = (all: typeof forNodes = []) => all.flatMap(({ name }) => name ?? []);
  const [nodes, zones] = [names(forNodes), names(forZones)];
  return { ...(nodes.length > 0 && { forNodes: nodes }), ...(zones.length > 0 && { forZones: zones }) };
}

function refuseMany(endpoints: number): void {
  if (endpoints <= MOST_ENDPOINTS) return;
  throw new ProductError(
    'ERR_SERVICE',
    `${endpoints} endpoints in one object are more than ${MOST_ENDPOINTS}`,
  );
}
