import type { V1Service, V1ServicePort } from '@kubernetes/client-node';
import { ProductError } from '../net/errors.js';
import { type IpAddress, parseIp } from '../net/ip.js';
import { TRANSPORTS, type Transport } from '../net/ports.js';

/** A port of a service. */
export interface ServicePort {
  /** Empty for the only one. */
  readonly name: string;
  readonly protocol: Transport;
  readonly port: number;
  readonly nodePort: number | undefined;
}

/**
 * The ports of a service; node ports only of a type that has them.
 * @throws ProductError `ERR_SERVICE` for numbers or protocols that cannot be
 */
export function servicePorts({ spec }: V1Service): ServicePort[] {
  const hasNodePorts = spec?.type === 'NodePort' || spec?.type === 'LoadBalancer';
  return (spec?.ports ?? []).map((port) => readPort(port, hasNodePorts));
}

/**
 * The addresses that the service answers at beside those of the cluster: external ones, and those of an ingress. An
 * `ExternalName` is an alias in DNS: nothing of it passes here.
 * @throws ProductError for what is no address
 */
export function externalAddresses({ spec, status }: V1Service): IpAddress[] {
  if (spec?.type === 'ExternalName') return [];
  const ingress = spec?.type === 'LoadBalancer' ? (status?.loadBalancer?.ingress ?? []) : [];
  const texts = [...(spec?.externalIPs ?? []), ...ingress.flatMap(({ ip }) => ip ?? [])];
  return [...new Set(texts.map(parseIp))];
}

/** The addresses of the service in the cluster; a headless one, `None`, has none. */
export function clusterAddresses({ spec }: V1Service): IpAddress[] {
  if (spec?.type === 'ExternalName') return [];
  const texts = spec?.clusterIPs ?? (spec?.clusterIP === undefined ? [] : [spec.clusterIP]);
  return texts.filter((text) => text !== '' && text !== 'None').map(parseIp);
}

function readPort(
  { name, protocol = 'TCP', port, nodePort }: V1ServicePort,
  hasNodePorts: boolean,
): ServicePort {
  const transport = TRANSPORTS.find((one) => one.toUpperCase() === protocol);
  if (transport === undefined)
    throw new ProductError('ERR_SERVICE', `protocol ${protocol} is none of TCP, UDP, SCTP`);
  // Zero is "none yet".
  const node = hasNodePorts ? nodePort || undefined : undefined;
  return {
    name: name ?? '',
    protocol: transport,
    port: parsePort(port),
    nodePort: node === undefined ? undefined : parsePort(node),
  };
}

/** A port as the API server has it. @throws ProductError `ERR_SERVICE` for a number that is none */
export function parsePort(port: number): number {
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw new ProductError('ERR_SERVICE', `port ${port} is not from 1 to 65535`);
}
