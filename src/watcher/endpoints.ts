import type { V1EndpointSlice, V1Endpoints } from '@kubernetes/client-node';

/** One place where a service's traffic can go, for one of its ports. */
export interface Endpoint {
  readonly ip: string;
  readonly port: number;
  /** The name of the service's port that it is for; empty for the only one. */
  readonly portName: string;
  readonly protocol: string;
  readonly node: string | undefined;
  readonly isReady: boolean;
}

/** What an Endpoints object says. */
export function ofEndpoints({ subsets }: V1Endpoints): Endpoint[] {
  return (subsets ?? []).flatMap(({ addresses = [], notReadyAddresses = [], ports = [] }) =>
    [
      ...addresses.map((address) => ({ ...address, isReady: true })),
      ...notReadyAddresses.map((address) => ({ ...address, isReady: false })),
    ].flatMap(({ ip, nodeName, isReady }) =>
      ports.map(({ name = '', port, protocol = 'TCP' }) => ({
        ip,
        port,
        portName: name,
        protocol,
        node: nodeName,
        isReady,
      })),
    ),
  );
}

/** What one slice says; a service has several. An endpoint of which nothing is said is ready (`conditions.ready`). */
export function ofSlice({ addressType, endpoints, ports }: V1EndpointSlice): Endpoint[] {
  // Names, which no load balancer takes.
  if (addressType === 'FQDN') return [];
  return (endpoints ?? []).flatMap(({ addresses, conditions, nodeName }) =>
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
