import type { Service } from '../kube/kinds.js';
import {
  clusterAddresses,
  externalAddresses,
  parsePort,
  portRefusal,
  servicePorts,
} from '../kube/service.js';
import { ProductError } from '../net/errors.js';
import { familyOf, type IpAddress, parseIp } from '../net/ip.js';
import type { Balancer, Vip } from './desired_balancer.js';
import type { Endpoint } from './state_endpoints.js';

/** A gateway as services see it. */
export interface ServiceGateway {
  readonly node: string;
  readonly addresses: readonly IpAddress[];
  readonly isFirst: boolean;
  /** The external addresses that its helper serves; absent for a gateway without a helper that says so. */
  readonly served?: ReadonlySet<string> | undefined;
}

/**
 * Returns why an external address is not served; `undefined` if it is. `isOwn` says whether it is a gateway's address;
 * `vip` is the virtual address that it would have.
 */
export type Refuse = (ip: IpAddress, vip: string, isOwn: boolean) => string | undefined;

/** The virtual addresses of a service, and one line for each address or port that it does not get. */
export interface ServiceVips {
  readonly vips: readonly Vip[];
  readonly refused: readonly string[];
}

/** Kubernetes' default (`sessionAffinityConfig.clientIP.timeoutSeconds`). */
const DEFAULT_AFFINITY_SECONDS = 10_800;
/** The largest `affinity_timeout` of OVN; Kubernetes allows a day, 86,400 s. */
const MAX_AFFINITY_SECONDS = 65_535;

/** The most destinations of all virtual addresses of one service together: some 10 MB of text. */
const MOST_TARGETS = 500_000;

/**
 * Returns the virtual addresses of a service. Node ports exist only in the families of its cluster addresses.
 *
 * An external address that is a gateway's own is on that gateway alone, and not in the cluster: pods reach the host
 * there, whose programs may listen on the same port.
 * @throws ProductError `ERR_SERVICE` for an invalid port or protocol, or too many; also for an invalid address
 */
export function serviceVips(
  key: string,
  service: Service,
  endpoints: readonly Endpoint[],
  gateways: readonly ServiceGateway[],
  refuse: Refuse,
): ServiceVips {
  const { spec } = service;
  const options = affinityOptions(service);
  const isLocal = spec?.externalTrafficPolicy === 'Local';
  const usable = byPort(
    endpoints.filter(({ isReady }) => isReady || spec?.publishNotReadyAddresses === true),
  );
  const inCluster = clusterAddresses(service);
  const isServed = (ip: IpAddress) => inCluster.some((one) => familyOf(one) === familyOf(ip));
  const external = externalAddresses(service);
  const refused = new Set<string>();
  const ports = servicePorts(service);
  // A node port is at each gateway's address, for clients outside and for pods.
  const atGateways = 2 * gateways.flatMap(({ addresses }) => addresses).length;
  const targets = ports.map(({ name, protocol, nodePort }) => {
    const addresses = inCluster.length + external.length + (nodePort === undefined ? 0 : atGateways);
    return addresses * (usable.get(portKey(name, protocol))?.length ?? 0);
  });
  refuseMany(targets.reduce((sum, one) => sum + one, 0));
  const vips = ports.flatMap(({ name, protocol, port, nodePort }) => {
    const forPort = usable.get(portKey(name, protocol)) ?? [];
    const clusterVip = (ip: IpAddress, number: number): Vip => ({
      balancer: { scope: 'cluster', protocol, service: key, options },
      vip: hostPort(ip, number),
      targets: targetsFor(ip, forPort),
    });
    const outsideVip = ({ node }: ServiceGateway, ip: IpAddress, number: number): Vip => {
      const scope = { gateway: node };
      const vip = hostPort(ip, number);
      const balancer = { scope, protocol, service: key, options };
      if (!isLocal) return { balancer, vip, targets: targetsFor(ip, forPort) };
      const here = forPort.filter((one) => one.node === node);
      // Keeps the client's address: the endpoint is on this node, so its replies pass this gateway without SNAT.
      const local = { ...balancer, options: { ...options, skip_snat: 'true' } };
      return { balancer: local, vip, targets: targetsFor(ip, here) };
    };
    const nodePortRefusal = nodePort === undefined ? undefined : portRefusal(nodePort);
    if (nodePortRefusal !== undefined)
      refused.add(`node port ${protocol} ${nodePort} is refused: ${nodePortRefusal}`);
    const nodePorts =
      nodePort === undefined || nodePortRefusal !== undefined
        ? []
        : gateways.flatMap((gateway) =>
            gateway.addresses
              .filter(isServed)
              // Pods reach this address at the host, not at the gateway router, so the switches have it too.
              .flatMap((ip) => [outsideVip(gateway, ip, nodePort), clusterVip(ip, nodePort)])
              .map((vip): Vip => ({ ...vip, isNodePort: true })),
          );
    const outside = external.flatMap((ip) => {
      const owners = gateways.filter(({ addresses }) => addresses.includes(ip));
      const ownRefusal = owners.length === 0 ? undefined : portRefusal(port);
      if (ownRefusal !== undefined) {
        refused.add(`external address ${ip} port ${protocol} ${port} is refused: ${ownRefusal}`);
        return [];
      }
      const refusal = refuse(ip, hostPort(ip, port), owners.length > 0);
      if (refusal !== undefined) {
        refused.add(`external address ${ip} is refused: ${refusal}`);
        return [];
      }
      const serving =
        owners.length > 0
          ? owners
          : gateways.filter(({ isFirst, served }) => isFirst && served?.has(ip) !== false);
      return serving.map((gateway) => outsideVip(gateway, ip, port));
    });
    return [...inCluster.map((ip) => clusterVip(ip, port)), ...outside, ...nodePorts];
  });
  return { vips, refused: [...refused] };
}

function refuseMany(targets: number): void {
  if (targets <= MOST_TARGETS) return;
  throw new ProductError(
    'ERR_SERVICE',
    `${targets} destinations of all its addresses together are more than ${MOST_TARGETS}; make several services of it`,
  );
}

/** Returns the endpoints by {@link portKey}. */
function byPort(endpoints: readonly Endpoint[]): ReadonlyMap<string, readonly Endpoint[]> {
  const found = new Map<string, Endpoint[]>();
  for (const one of endpoints) {
    const key = portKey(one.portName, one.protocol.toLowerCase());
    const list = found.get(key) ?? [];
    list.push(one);
    found.set(key, list);
  }
  return found;
}

function portKey(name: string, protocol: string): string {
  return `${protocol} ${name}`;
}

/** Returns the options of rows for `sessionAffinity` (ovn-nb(5), `affinity_timeout`). */
function affinityOptions({ spec }: Service): Balancer['options'] {
  if (spec?.sessionAffinity !== 'ClientIP') return {};
  const seconds = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? DEFAULT_AFFINITY_SECONDS;
  return { affinity_timeout: String(Math.min(seconds, MAX_AFFINITY_SECONDS)) };
}

/**
 * Returns the destinations in the family of the address, as OVN does not translate between families. Each is there
 * once: an endpoint that moves between slices is in both (Kubernetes, "EndpointSlices", "Duplicate endpoints").
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
