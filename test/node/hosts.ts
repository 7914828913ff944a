import type { DefaultRoute, HostAddress } from '../../src/host/host_addresses.js';
import { parseCidr } from '../../src/net/cidr.js';
import { parseIp } from '../../src/net/ip.js';
import type { HostFacts } from '../../src/node/desired_host_addresses.js';

/** Returns an address of a host. */
export function address(
  device: string,
  cidr: string,
  more: { readonly secondary?: boolean } = {},
): HostAddress {
  return { ...parseCidr(cidr), device, secondary: false, ...more };
}

export function route(family: 4 | 6, device: string, source?: string): DefaultRoute {
  return { family, device, source: source === undefined ? undefined : parseIp(source) };
}

/** Returns the facts of a host whose management port is `k8s-a`. */
export function host(more: Partial<HostFacts> = {}): HostFacts {
  return { addresses: [], defaultRoutes: [], physical: [], encap: [], managementInterface: 'k8s-a', ...more };
}
