import { type IpAddress, parseIp } from './ip.js';

/** A next hop, as `ip -json route show` prints it (ip-route(8)): the route itself, or one of its `nexthops`. */
export interface RouteHop {
  readonly dev?: string;
  readonly gateway?: string;
  /** A router whose address is of the other family than the route's. */
  readonly via?: { readonly host: string };
}

/** A route; a multipath route has `nexthops`. */
export interface RouteHops extends RouteHop {
  readonly nexthops?: readonly RouteHop[];
}

/** Returns the routers of these routes that are reached through `device`, or through any device, each once. */
export function routersThrough(
  device: string | undefined,
  routes: readonly RouteHops[],
): readonly IpAddress[] {
  const hops = routes
    .flatMap((route) => [route, ...(route.nexthops ?? [])])
    .filter(({ dev }) => device === undefined || dev === device);
  const texts = hops.flatMap(({ gateway, via }) => gateway ?? via?.host ?? []);
  return [...new Set(texts.map(parseIp))];
}
