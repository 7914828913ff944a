import { podHostPorts } from '../kube/host_ports.js';
import type { Pod } from '../kube/kinds.js';
import { portRefusal } from '../kube/service.js';
import { familyOf, parseIp } from '../net/ip.js';
import { type Element, setOf } from './desired_sets.js';
import type { NodeClaim } from './state_claims.js';

/**
 * Returns what the host translates for the host ports of a pod: to the pod's address of the same family.
 * @throws ProductError for a pod that makes no sense
 */
export function podClaims(pod: Pod): readonly NodeClaim[] {
  const addresses = (pod.status?.podIPs ?? []).flatMap(({ ip }) => (ip === undefined ? [] : [parseIp(ip)]));
  return podHostPorts(pod).map(({ protocol, hostPort, containerPort, hostIp }) => {
    const port = `${protocol} ${hostPort}`;
    const fitting = addresses.filter((one) => hostIp === undefined || familyOf(one) === familyOf(hostIp));
    const elements = fitting.map((target): Element => {
      const family = familyOf(target);
      return hostIp === undefined
        ? { set: setOf('host_port', family), key: port, value: `${target} ${containerPort}` }
        : {
            set: setOf('host_port_at', family),
            key: `${hostIp} ${port}`,
            value: `${target} ${containerPort}`,
          };
    });
    const name = hostIp === undefined ? `host port ${port}` : `host port ${hostIp} ${port}`;
    const why = portRefusal(protocol, hostPort);
    return { name, elements, hostPort: port, ...(why !== undefined && { refused: why }) };
  });
}
