import type { V1Service } from '@kubernetes/client-node';
import { clusterAddresses, externalAddresses, parsePort, servicePorts } from '../kube/service.js';
import { familyOf, type IpAddress, parseIp } from '../net/ip.js';
import type { Transport } from '../net/ports.js';
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
  readonly protocol: Transport;
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
/** What Kubernetes allows a day, OVN's `affinity_timeout` does not. */
const MAX_AFFINITY_SECONDS = 65_535;

/**
 * The virtual addresses of a service: those of node ports only of families that it has in the cluster.
 * @throws ProductError `ERR_SERVICE` for ports or addresses that cannot be
 */
export function serviceVips(
  key: string,
  service: V1Service,
  endpoints: readonly Endpoint[],
  gateways: readonly ServiceGateway[],
): Vip[] {
  const { spec } = service;
  const own = ownRow(key, service);
  const isLocal = spec?.externalTrafficPolicy === 'Local';
  const usable = endpoints.filter(({ isReady }) => isReady || spec?.publishNotReadyAddresses === true);
  const inCluster = clusterAddresses(service);
  const isServed = (ip: IpAddress) => inCluster.some((one) => familyOf(one) === familyOf(ip));
  const external = externalAddresses(service);
  return servicePorts(service).flatMap(({ name, protocol, port, nodePort }) => {
    const forPort = usable.filter((one) => one.portName === name && one.protocol.toLowerCase() === protocol);
    const clusterVip = (ip: IpAddress, number: number): Vip => ({
      balancer: { scope: 'cluster', protocol, ...own },
      vip: hostPort(ip, number),
      targets: targetsFor(ip, forPort),
    });
    const outsideVip = ({ node }: ServiceGateway, ip: IpAddress, number: number): Vip => {
      const scope = { gateway: node };
      const vip = hostPort(ip, number);
      if (!isLocal) return { balancer: { scope, protocol, ...own }, vip, targets: targetsFor(ip, forPort) };
      // The client's address is kept: what answers is on this node, so that answers come back here anyway.
      const options = { ...own.options, skip_snat: 'true' };
      const here = forPort.filter((one) => one.node === node);
      return { balancer: { scope, protocol, service: key, options }, vip, targets: targetsFor(ip, here) };
    };
    const nodePorts =
      nodePort === undefined
        ? []
        : gateways.flatMap((gateway) =>
            gateway.addresses
              .filter(isServed)
              // A pod's way to this address ends at the host, so the switches have it too.
              .flatMap((ip) => [outsideVip(gateway, ip, nodePort), clusterVip(ip, nodePort)]),
          );
    const outside = gateways
      .filter(({ isFirst }) => isFirst)
      .flatMap((gateway) => external.map((ip) => outsideVip(gateway, ip, port)));
    return [...inCluster.map((ip) => clusterVip(ip, port)), ...nodePorts, ...outside];
  });
}

/** Affinity is an option of a whole row (ovn-nb(5), `affinity_timeout`), so such a service has its own. */
function ownRow(key: string, { spec }: V1Service): Pick<Balancer, 'service' | 'options'> {
  if (spec?.sessionAffinity !== 'ClientIP') return {};
  const seconds = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? DEFAULT_AFFINITY_SECONDS;
  return { service: key, options: { affinity_timeout: String(Math.min(seconds, MAX_AFFINITY_SECONDS)) } };
}

/**
 * Of the address's family only: OVN does not translate between them. An endpoint that is on its way from one slice
 * to another is in both (Kubernetes, "EndpointSlices", "Duplicate endpoints").
 */
function targetsFor(vip: IpAddress, endpoints: readonly Endpoint[]): string {
  const found = endpoints
    .filter(({ ip }) => familyOf(parseIp(ip)) === familyOf(vip))
    .map(({ ip, port }) => hostPort(parseIp(ip), parsePort(port)));
  return [...new Set(found)].join(',');
}

function hostPort(ip: IpAddress, port: number): string {
  return familyOf(ip) === 6 ? `[${ip}]:${port}` : `${ip}:${port}`;
}
