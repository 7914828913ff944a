import type { IpAddress } from '../net/ip.js';
import type { NorthboundView } from '../ovn/connection.js';
import { readGateways, readServed } from '../ovn/gateways.js';

/** The external addresses that gateways serve; `all` where no gateway says which. */
export type ServedAddresses = 'all' | ReadonlySet<string>;

/**
 * Returns the external addresses that gateways serve, as the watcher understands it: a gateway's helper asks the network
 * whether another host has an address, and the first gateway serves all if no helper there says which.
 */
export function servedAddresses(nb: NorthboundView): ServedAddresses {
  const served = readServed(nb);
  const first = readGateways(nb, () => {}).find(({ isFirst }) => isFirst);
  const isAsked = first === undefined ? served.size > 0 : served.has(first.node);
  return isAsked ? new Set([...served.values()].flatMap((all) => [...all])) : 'all';
}

export function isServed(served: ServedAddresses, address: IpAddress): boolean {
  return served === 'all' || served.has(address);
}
