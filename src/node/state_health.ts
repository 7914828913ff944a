import type { Endpoint } from '../kube/endpoint_index.js';
import type { Service } from '../kube/kinds.js';
import { isLeftToOthers, portRefusal } from '../kube/service.js';
import { isIpv4, parseIp } from '../net/ip.js';

/** What the load balancer in front of the nodes asks this node about one service. */
export interface HealthCheck {
  /** `NAMESPACE/NAME`. */
  readonly service: string;
  /** How many of the service's ready endpoints are on this node. */
  readonly localEndpoints: number;
}

/** The most ports: each is a socket of this process. */
const MOST_PORTS = 2_000;

/** Which services have a health check's port (`healthCheckNodePort`). */
export class HealthBook {
  private readonly ports = new Map<string, number>();

  /** Replaces a service by its current version; `undefined` removes it. */
  put(key: string, service: Service | undefined): void {
    const port = service && healthPort(service);
    if (port === undefined) this.ports.delete(key);
    else this.ports.set(key, port);
  }

  /** Whether a service has such a port. */
  get isNeeded(): boolean {
    return this.ports.size > 0;
  }

  /** Returns the health checks by port. */
  checks(node: string, endpointsOf: (service: string) => readonly Endpoint[]): Map<number, HealthCheck> {
    const checks = new Map<number, HealthCheck>();
    for (const [service, port] of this.ports) {
      if (checks.size === MOST_PORTS) break;
      if (portRefusal('tcp', port) === undefined && !checks.has(port))
        checks.set(port, { service, localEndpoints: localEndpoints(endpointsOf(service), node) });
    }
    return checks;
  }

  /** One line for each service whose port nobody gets. */
  get problems(): readonly string[] {
    return [...this.ports].flatMap(([service, port]) => {
      const why = portRefusal('tcp', port);
      return why === undefined ? [] : [`Service ${service}: healthCheckNodePort ${port} is refused: ${why}`];
    });
  }
}

/** Returns the port of a `Local` load balancer, the only kind that has one (Kubernetes, "healthCheckNodePort"). */
function healthPort(service: Service): number | undefined {
  if (isLeftToOthers(service)) return undefined;
  const { spec } = service;
  const isChecked = spec?.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local';
  const port = spec?.healthCheckNodePort ?? 0;
  return isChecked && Number.isInteger(port) && port > 0 && port <= 65_535 ? port : undefined;
}

/** Counts the ready endpoints on a node. An endpoint with an address of each family counts once. */
function localEndpoints(endpoints: readonly Endpoint[], node: string): number {
  const local = endpoints.filter((one) => one.node === node && one.state === 'ready');
  const ips = [...new Set(local.map(({ ip }) => ip))];
  const v4 = ips.filter((ip) => isIpv4(parseIp(ip))).length;
  return Math.max(v4, ips.length - v4);
}
