import { ROUTE } from '../host/ip_shapes.js';
import { readIpJson } from '../host/iproute_read.js';
import type { Route, Snapshot } from '../host/snapshot.js';
import { ProductError } from '../net/errors.js';

/**
 * Refuses a snapshot with an IPv4 route that has the destination, table, TOS and metric of another route, through any
 * device. `ip route append` and `route add` (route(8)) make such routes, and the kernel uses the first one.
 * `ip route add` makes only one of them. A route
 * of the `other` device of the move does not count: an interrupted move can have left the same one there.
 * @throws ProductError `ERR_CANNOT_MOVE`, `ERR_IP`
 */
export async function refuseEqualRoutes({ routes }: Snapshot, other: string): Promise<void> {
  if (routes.every(({ family }) => family !== 4)) return;
  const all = await readIpJson<Route>(ROUTE, '-N', '-details', '-4', 'route', 'show', 'table', 'all');
  const equal = equalRoute(
    routes,
    all.filter(({ dev }) => dev !== other),
  );
  if (equal !== undefined) {
    throw new ProductError(
      'ERR_CANNOT_MOVE',
      `route ${equal} is there more than once with the same metric, which cannot be moved; delete one of them first`,
    );
  }
}

/** Returns the destination of the first IPv4 route of `own` that differs from another one of `all` only in its next hops. */
export function equalRoute(own: readonly Route[], all: readonly Omit<Route, 'family'>[]): string | undefined {
  const times = new Map<string, number>();
  for (const route of all) times.set(keyOf(route), (times.get(keyOf(route)) ?? 0) + 1);
  return own.find((route) => route.family === 4 && (times.get(keyOf(route)) ?? 0) > 1)?.dst;
}

/** Returns what the kernel finds a route by (fib_find_alias of net/ipv4/fib_trie.c). */
function keyOf({ dst, table = '', tos = '', metric = 0 }: Omit<Route, 'family'>): string {
  return `${dst} ${table} ${tos} ${metric}`;
}
