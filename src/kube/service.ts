import { type Cidr, networkOf, parseCidr } from '../net/cidr.js';
import { ProductError } from '../net/errors.js';
import { type IpAddress, parseIp } from '../net/ip.js';
import { TRANSPORTS, type Transport } from '../net/ports.js';
import { HEADLESS_LABEL, PROXY_LABEL, type Service } from './kinds.js';

/** A port of a service. */
export interface ServicePort {
  /** Empty for the only port of a service. */
  readonly name: string;
  readonly protocol: Transport;
  readonly port: number;
  readonly nodePort: number | undefined;
}

type WrittenPort = NonNullable<NonNullable<Service['spec']>['ports']>[number];

/** The most pairs of a port and an address of one service: its author may list thousands of both. */
const MOST_PAIRS = 20_000;

/** Returns whether kube-proxy leaves a service to another proxy, or to none, by its labels. So do we. */
export function isLeftToOthers({ metadata }: Service): boolean {
  const labels = metadata?.labels;
  return labels?.[HEADLESS_LABEL] !== undefined || labels?.[PROXY_LABEL] !== undefined;
}

/**
 * Returns the ports of a service, with node ports if its type has them. A service that is left to others has none for us.
 * @throws ProductError `ERR_SERVICE` for an invalid number or protocol, or too many ports and addresses
 */
export function servicePorts(service: Service): ServicePort[] {
  if (isLeftToOthers(service)) return [];
  refuseMany(service);
  const { spec } = service;
  const hasNodePorts = spec?.type === 'NodePort' || spec?.type === 'LoadBalancer';
  return (spec?.ports ?? []).map((port) => readPort(port, hasNodePorts));
}

/**
 * Returns the addresses of a service outside of the cluster: external IPs and ingress addresses. An `ExternalName`
 * service is an alias in DNS and has none; nor has a service that is left to others. An ingress address with `ipMode: Proxy` is the load balancer's own: it
 * sends the traffic to node ports.
 * @throws ProductError for an invalid address
 */
export function externalAddresses(service: Service): IpAddress[] {
  const { spec, status } = service;
  if (spec?.type === 'ExternalName' || isLeftToOthers(service)) return [];
  const ingress = spec?.type === 'LoadBalancer' ? (status?.loadBalancer?.ingress ?? []) : [];
  const own = ingress.filter(({ ipMode }) => ipMode !== 'Proxy');
  const texts = [...(spec?.externalIPs ?? []), ...own.flatMap(({ ip }) => ip ?? [])];
  return [...new Set(texts.map(parseIp))];
}

/** Returns the addresses of a service in the cluster; a headless service (`None`) has none. */
export function clusterAddresses({ spec }: Service): IpAddress[] {
  if (spec?.type === 'ExternalName') return [];
  const texts = spec?.clusterIPs ?? (spec?.clusterIP === undefined ? [] : [spec.clusterIP]);
  return texts.filter((text) => text !== '' && text !== 'None').map(parseIp);
}

/** The most source ranges of one service. */
const MOST_RANGES = 1_000;

/**
 * Returns the networks whose clients may use a `LoadBalancer` service from outside; `undefined` if all may.
 * @throws ProductError for an invalid range, `ERR_SERVICE` for too many
 */
export function sourceRanges({ spec }: Service): Cidr[] | undefined {
  const texts = spec?.type === 'LoadBalancer' ? (spec.loadBalancerSourceRanges ?? []) : [];
  if (texts.length > MOST_RANGES)
    throw new ProductError('ERR_SERVICE', `${texts.length} source ranges are more than ${MOST_RANGES}`);
  return texts.length === 0 ? undefined : texts.map((text) => networkOf(parseCidr(text.trim())));
}

/** The port of ssh, by which an operator mends a host. */
const SSH_PORT = 22;

/**
 * Ports that a host needs also while no socket has them: those of tunnels, and of DHCP clients, some of which open a socket
 * only to renew a lease (RFC 2131, RFC 8415).
 */
const NEEDED: ReadonlyMap<string, string> = new Map([
  ['udp 6081', 'tunnels'],
  ['tcp 7471', 'tunnels'],
  ['udp 68', 'DHCP'],
  ['udp 546', 'DHCPv6'],
]);

/**
 * Returns why no service and no pod gets this port of an address that a host has too, as in "it is …"; `undefined` if one
 * may.
 */
export function portRefusal(protocol: Transport, port: number): string | undefined {
  if (port === SSH_PORT) return `port ${SSH_PORT} is always the host's, for ssh`;
  const use = NEEDED.get(`${protocol} ${port}`);
  return use === undefined ? undefined : `it is the port of ${use}`;
}

function refuseMany({ spec, status }: Service): void {
  const ports = spec?.ports?.length ?? 0;
  const inCluster = spec?.clusterIPs?.length ?? 1;
  const outside = (spec?.externalIPs?.length ?? 0) + (status?.loadBalancer?.ingress?.length ?? 0);
  const addresses = inCluster + outside;
  if (ports * addresses <= MOST_PAIRS) return;
  throw new ProductError(
    'ERR_SERVICE',
    `${ports} ports at ${addresses} addresses are more than ${MOST_PAIRS} together; make several services of it`,
  );
}

function readPort({ name, protocol, port, nodePort }: WrittenPort, hasNodePorts: boolean): ServicePort {
  // The API server writes 0 before it has allocated a node port.
  const node = hasNodePorts ? nodePort || undefined : undefined;
  return {
    name: name ?? '',
    protocol: parseTransport(protocol),
    port: parsePort(port),
    nodePort: node === undefined ? undefined : parsePort(node),
  };
}

/** Reads a protocol from the API server. @throws ProductError `ERR_SERVICE` */
export function parseTransport(protocol = 'TCP'): Transport {
  const transport = TRANSPORTS.find((one) => one.toUpperCase() === protocol);
  if (transport !== undefined) return transport;
  throw new ProductError('ERR_SERVICE', `protocol ${protocol} is not TCP, UDP or SCTP`);
}

/** Checks a port number from the API server. @throws ProductError `ERR_SERVICE` */
export function parsePort(port: number | undefined): number {
  if (port !== undefined && Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw new ProductError('ERR_SERVICE', `port ${port} is not from 1 to 65535`);
}
