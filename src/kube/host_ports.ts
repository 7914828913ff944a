import { ProductError } from '../net/errors.js';
import { type IpAddress, parseIp } from '../net/ip.js';
import type { Transport } from '../net/ports.js';
import type { Pod } from './kinds.js';
import { parsePort, parseTransport } from './service.js';

/** A port of a pod that is a port of the pod's host too. */
export interface HostPort {
  readonly protocol: Transport;
  readonly hostPort: number;
  readonly containerPort: number;
  /** The only address of the host that has the port; `undefined` for all addresses. */
  readonly hostIp: IpAddress | undefined;
}

/** The most host ports of one pod: its author may list thousands. */
const MOST_HOST_PORTS = 256;

/** What a pod says for all addresses of its host. */
const EVERY_ADDRESS: readonly (string | undefined)[] = [undefined, '', '0.0.0.0', '::'];

/**
 * Returns the host ports of a pod, each once. A pod that uses the host's network, or has finished, has none: its
 * programs listen at the host themselves, or not at all.
 * @throws ProductError `ERR_POD_PORT` for too many, `ERR_SERVICE` for an invalid port, protocol or address
 */
export function podHostPorts({ spec, status }: Pod): HostPort[] {
  const isFinished = status?.phase === 'Succeeded' || status?.phase === 'Failed';
  if (spec?.hostNetwork === true || isFinished) return [];
  const written = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].flatMap(
    ({ ports = [] }) => ports,
  );
  if (written.length > MOST_HOST_PORTS)
    throw new ProductError(
      'ERR_POD_PORT',
      `${written.length} host ports are more than ${MOST_HOST_PORTS}; make several pods of it`,
    );
  const ports = written.map(({ containerPort, hostIP, hostPort, protocol }) => ({
    protocol: parseTransport(protocol),
    hostPort: parsePort(hostPort),
    containerPort: parsePort(containerPort),
    hostIp: EVERY_ADDRESS.includes(hostIP) ? undefined : parseIp(hostIP ?? ''),
  }));
  return [...new Map(ports.map((one) => [`${one.protocol} ${one.hostIp} ${one.hostPort}`, one])).values()];
}
