import { podHostPorts } from '../kube/host_ports.js';
import type { Pod } from '../kube/kinds.js';
import { podOwner } from '../kube/seniority.js';
import { portRefusal } from '../kube/service.js';
import { familyOf } from '../net/ip.js';
import type { Vip } from './desired_balancer.js';
import { hostPort } from './desired_endpoints.js';
import { wantedPort } from './desired_pod_port.js';
import { rowOptions } from './desired_row_options.js';
import type { ServiceVips } from './desired_vips.js';
import type { ServiceGateway } from './state_gateways.js';

const NONE: ServiceVips = { vips: [], refused: [] };

/** Returns whether a pod may have host ports; the others cost no more. */
export function mayHaveHostPorts({ spec }: Pod): boolean {
  return (spec?.containers ?? []).length + (spec?.initContainers ?? []).length > 0;
}

/**
 * Returns the virtual addresses of a pod's host ports: at the gateway on the pod's node, if gateway and host share
 * their addresses. Everywhere else the host itself translates them. The pod sees the client's address.
 * @param key `NAMESPACE/NAME`
 * @throws ProductError for too many host ports, and for an invalid one
 */
export function hostPortVips(key: string, pod: Pod, gateways: readonly ServiceGateway[]): ServiceVips {
  const ports = podHostPorts(pod);
  const { node, reported = [] } = wantedPort(pod) ?? {};
  const gateway = gateways.find((one) => one.node === node && one.isShared);
  if (gateway === undefined || ports.length === 0) return NONE;
  const refused = new Set<string>();
  const vips = ports.flatMap(({ protocol, hostPort: port, containerPort, hostIp }): Vip[] => {
    const refusal = portRefusal(protocol, port);
    if (refusal !== undefined) refused.add(`host port ${protocol} ${port} is refused: ${refusal}`);
    if (refusal !== undefined) return [];
    return gateway.addresses
      .filter((ip) => hostIp === undefined || hostIp === ip)
      .flatMap((ip) => {
        const own = reported.find((one) => familyOf(one) === familyOf(ip));
        if (own === undefined) return [];
        const scope = { gateway: gateway.node };
        const skipsSnat = gateway.forcesSnat === true;
        const options = rowOptions({ protocol, isDropped: false, skipsSnat });
        const balancer = { scope, protocol, service: podOwner(key), options };
        return [{ balancer, vip: hostPort(ip, port), targets: hostPort(own, containerPort) }];
      });
  });
  return { vips, refused: [...refused] };
}
