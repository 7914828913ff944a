import type { V1Service, V1ServicePort } from '@kubernetes/client-node';
import { ProductError } from '../net/errors.js';
import { familyOf, type IpAddress, parseIp } from '../net/ip.js';
import { PROTOCOLS, type Protocol } from '../overlay/names.js';
import type { Endpoint } from './endpoints.js';

/** A gateway as far as services are concerned. */
export interface ServiceGateway {
  readonly node: string;
  readonly addresses: readonly IpAddress[];
  readonly isFirst: boolean;
}

/** Which load balancer has a virtual address. */
export interface Balancer {
  /** On every node's switch, or on one gateway's router. */
  readonly scope: 'cluster' | { readonly gateway: string };
  readonly protocol: Protocol;
  /** Of a service with a policy of its own, which needs a row of its own; `NAMESPACE/NAME`. */
  readonly service?: string;
  readonly options?: Readonly<Record<string, string>>;
}

/** A virtual address of a load balancer, and where its traffic goes. */
export interface Vip {
  readonly balancer: Balancer;
  /** `IP:PORT`, or `[IP]:PORT` (ovn-nb(5), Load_Balancer). */
  readonly vip: string;
  /** The same, separated by commas; empty where nothing is ready, which OVN drops. */
  readonly targets: string;
}

const DEFAULT_AFFINITY_SECONDS = 10_800;

/**
 * The virtual addresses of a service.
 * @throws ProductError `ERR_SERVICE` for ports or addresses that cannot be
 */
export function serviceVips(
  key: string,
  service: V1Service,
  endpoints: readonly Endpoint[],
  gateways: readonly ServiceGateway[],
): Vip[] {
  const { spec } = service;
  if (spec === undefined || spec.type === 'ExternalName') return [];
  const own = ownRow(key, service);
  const isLocal = spec.externalTrafficPolicy === 'Local';
  const usable = endpoints.filter(({ isReady }) => isReady || spec.publishNotReadyAddresses === true);
  return (spec.ports ?? []).flatMap((port) => {
    const protocol = readProtocol(port);
    const forPort = usable.filter(
      (one) => one.portName === (port.name ?? '') && one.protocol === (port.protocol ?? 'TCP'),
    );
    const vip = (
      scope: Balancer['scope'],
      ip: IpAddress,
      number: number,
      targets: readonly Endpoint[],
      more = own,
    ): Vip => ({
      balancer: { scope, protocol, ...more },
      vip: hostPort(ip, readPort(number)),
      targets: targets
        .filter((one) => familyOf(parseIp(one.ip)) === familyOf(ip))
        .map((one) => hostPort(parseIp(one.ip), one.port))
        .join(','),
    });
    const outside = (gateway: ServiceGateway, ip: IpAddress, number: number): Vip =>
      isLocal
        ? vip(
            { gateway: gateway.node },
            ip,
            number,
            forPort.filter(({ node }) => node === gateway.node),
            {
              service: key,
              options: { ...own.options, skip_snat: 'true' },
            },
          )
        : vip({ gateway: gateway.node }, ip, number, forPort);

    const cluster = clusterAddresses(service).map((ip) => vip('cluster', ip, port.port, forPort));
    const nodePorts = gateways.flatMap((gateway) =>
      gateway.addresses.flatMap((ip) =>
        hasNodePort(service, port)
          ? // A pod's way to this address ends at the host, so the switches have it too.
            [outside(gateway, ip, port.nodePort), vip('cluster', ip, port.nodePort, forPort)]
          : [],
      ),
    );
    const external = gateways
      .filter(({ isFirst }) => isFirst)
      .flatMap((gateway) => externalAddresses(service).map((ip) => outside(gateway, ip, port.port)));
    return [...cluster, ...nodePorts, ...external];
  });
}

/** Affinity is an option of a whole row (ovn-nb(5), `affinity_timeout`), so such a service has its own. */
function ownRow(key: string, { spec }: V1Service): Pick<Balancer, 'service' | 'options'> {
  if (spec?.sessionAffinity !== 'ClientIP') return {};
  const seconds = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? DEFAULT_AFFINITY_SECONDS;
  return { service: key, options: { affinity_timeout: String(seconds) } };
}

/** A headless service, `None`, has none. */
function clusterAddresses({ spec }: V1Service): IpAddress[] {
  const texts = spec?.clusterIPs ?? (spec?.clusterIP === undefined ? [] : [spec.clusterIP]);
  return texts.filter((text) => text !== '' && text !== 'None').map(parseIp);
}

function externalAddresses({ spec, status }: V1Service): IpAddress[] {
  const ingress = spec?.type === 'LoadBalancer' ? (status?.loadBalancer?.ingress ?? []) : [];
  const texts = [...(spec?.externalIPs ?? []), ...ingress.flatMap(({ ip }) => ip ?? [])];
  return [...new Set(texts.map(parseIp))];
}

function hasNodePort({ spec }: V1Service, port: V1ServicePort): port is V1ServicePort & { nodePort: number } {
  return (spec?.type === 'NodePort' || spec?.type === 'LoadBalancer') && (port.nodePort ?? 0) !== 0;
}

function readProtocol({ protocol = 'TCP' }: V1ServicePort): Protocol {
  const found = PROTOCOLS.find((one) => one.toUpperCase() === protocol);
  if (found === undefined)
    throw new ProductError('ERR_SERVICE', `protocol ${protocol} is none of TCP, UDP, SCTP`);
  return found;
}

function readPort(port: number): number {
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new ProductError('ERR_SERVICE', `port ${port} is not from 1 to 65535`);
  return port;
}

function hostPort(ip: IpAddress, port: number): string {
  return familyOf(ip) === 6 ? `[${ip}]:${port}` : `${ip}:${port}`;
}
