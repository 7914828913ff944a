import { type IpAddress, parseIp } from './ip.js';

/** A way of a route, as `ip -json route show` has it (ip-route(8)): the route itself, or one of several next hops. */
export interface RouteHop {
  readonly dev?: string;
  readonly gateway?: string;
  /** A router of another family than the route's. */
  readonly via?: { readonly host: string };
}

/** A route and, where there are several ways, each of them. */
export interface RouteHops extends RouteHop {
  readonly nexthops?: readonly RouteHop[];
}

/** The routers that these routes lead to through `device`, each once. */
export function routersThrough(device: string, routes: readonly RouteHops[]): readonly IpAddress[] {
  const hops = routes
    .flatMap((route) => [route, ...(route.nexthops ?? [])])
    .filter(({ dev }) => dev === device);
  const texts = hops.flatMap(({ gateway, via }) => gateway ?? via?.host ?? []);
  return [...new Set(texts.map(parseIp))];
}
