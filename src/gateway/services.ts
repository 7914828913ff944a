import type { V1Service } from '@kubernetes/client-node';
import { classOfId } from '../demux/classes.js';
import type { NodePort } from '../demux/state.js';
import { keyOf } from '../kube/objects.js';
import { externalAddresses, servicePorts } from '../kube/service.js';
import { explainError } from '../net/errors.js';
import { type IpAddress, parseIp } from '../net/ip.js';
import { classIdOf } from '../openflow/cookie.js';
import type { InstalledFlow } from '../openflow/flow.js';

/** What services take of the gateway's traffic. */
export interface ServiceClaims {
  readonly nodePorts: readonly NodePort[];
  /** External and ingress addresses. */
  readonly served: readonly IpAddress[];
}

export const NO_CLAIMS: ServiceClaims = { nodePorts: [], served: [] };

/** The claims of all services, and what is wrong with some of them: each one line that names the service. */
export interface ReadServices extends ServiceClaims {
  readonly problems: readonly string[];
}

/**
 * Reads the claims of services. Of two that claim the same address and port the older keeps it; a service that
 * cannot be read is named, and the others are read all the same.
 */
export function readServices(services: Iterable<V1Service>): ReadServices {
  const nodePorts = new Map<string, NodePort>();
  const served = new Set<IpAddress>();
  const owners = new Map<string, string>();
  const problems: string[] = [];
  for (const service of byAge(services)) {
    const key = keyOf(service);
    const claim = (what: string): boolean => {
      const owner = owners.get(what);
      if (owner !== undefined && owner !== key)
        problems.push(`Service ${key}: ${what} is that of Service ${owner}, which is older`);
      else owners.set(what, key);
      return owner === undefined || owner === key;
    };
    try {
      const ports = servicePorts(service);
      const addresses = externalAddresses(service);
      for (const { protocol, nodePort } of ports) {
        const name = `node port ${protocol} ${nodePort}`;
        if (nodePort !== undefined && claim(name)) nodePorts.set(name, { protocol, port: nodePort });
      }
      for (const address of addresses) {
        const isOurs =
          ports.filter(({ protocol, port }) => claim(`${protocol} ${address} port ${port}`)).length > 0;
        if (isOurs) served.add(address);
      }
    } catch (error) {
      problems.push(`Service ${key}: ${explainError(error)}; it is left out`);
    }
  }
  return { nodePorts: [...nodePorts.values()], served: [...served], problems };
}

/**
 * What services claimed when the flows that the switch has were made: what is known of them until an API server
 * says more.
 */
export function recoverClaims(installed: readonly InstalledFlow[]): ServiceClaims {
  const nodePorts = new Map<string, NodePort>();
  const served = new Set<IpAddress>();
  for (const { cookie, key } of installed) {
    const name = classOfId(classIdOf(cookie));
    if (name === 'node-port') {
      const [, protocol, port] = /\b(tcp|udp|sctp)6?,.*\btp_dst=(\d+)$/.exec(key) ?? [];
      if (protocol === 'tcp' || protocol === 'udp' || protocol === 'sctp')
        nodePorts.set(`${protocol} ${port}`, { protocol, port: Number(port) });
    } else if (name === 'external') {
      const [, address] = /\b(?:nw_dst|ipv6_dst)=([0-9a-f:.]+)/.exec(key) ?? [];
      if (address !== undefined) served.add(parseIp(address));
    }
  }
  return { nodePorts: [...nodePorts.values()], served: [...served] };
}

/** Oldest first; of the same second, in the order of their names. */
function byAge(services: Iterable<V1Service>): V1Service[] {
  const born = ({ metadata }: V1Service) => new Date(metadata?.creationTimestamp ?? 0).getTime();
  return [...services].sort((a, b) => born(a) - born(b) || (keyOf(a) < keyOf(b) ? -1 : 1));
}
