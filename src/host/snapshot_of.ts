import { ProductError } from '../net/errors.js';
import { isConfigured } from './kernel_routes.js';
import type { Address, AdvertisedRoute, Link, Neighbour, Route, Rule, Snapshot } from './snapshot.js';

/**
 * Returns the part of the output of `ip` that belongs to `device`, in the kernel's order.
 * @throws ProductError `ERR_NO_INTERFACE`
 */
export function snapshotOf(
  device: string,
  dump: {
    readonly links: readonly Link[];
    readonly addresses: readonly { readonly ifname: string; readonly addr_info?: readonly Address[] }[];
    readonly routes: readonly Route[];
    readonly rules: readonly Rule[];
    readonly neighbours: readonly Neighbour[];
    /** Returns a route of the device as an advertised one; `undefined` if it is none. */
    readonly advertised?: (route: Route) => AdvertisedRoute | undefined;
  },
): Snapshot {
  const link = dump.links.find(({ ifname }) => ifname === device);
  if (link === undefined) throw noInterface(device);
  const { advertised = () => undefined } = dump;
  const addresses = dump.addresses
    .filter(({ ifname }) => ifname === device)
    .flatMap(({ addr_info }) => addr_info ?? []);
  const routes = dump.routes.filter((route) => isThrough(route, device));
  return {
    device,
    link,
    addresses,
    routes: routes.filter((one) => isConfigured(one, addresses) && advertised(one) === undefined),
    rules: dump.rules.filter(({ iif, oif }) => iif === device || oif === device),
    neighbours: dump.neighbours,
    advertised: routes.flatMap((one) => advertised(one) ?? []),
  };
}

export function noInterface(device: string): ProductError {
  const message = `there is no interface ${device}; ip link lists the interfaces`;
  return new ProductError('ERR_NO_INTERFACE', message);
}

/** Returns whether a route has a next hop on `device`. */
function isThrough(route: Route, device: string): boolean {
  return route.dev === device || (route.nexthops ?? []).some(({ dev }) => dev === device);
}
