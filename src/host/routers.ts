import { type RouteHops, routersThrough } from '../net/default_routers.js';
import type { IpAddress } from '../net/ip.js';
import { ROUTE } from './ip_shapes.js';
import { readIpJson } from './iproute_read.js';

/**
 * Returns the default routers that are reached through `device`, or through any device, each once.
 * @throws ProductError `ERR_IP`
 */
export async function readRouters(
  device: string | undefined,
  read: typeof readIpJson = readIpJson,
): Promise<readonly IpAddress[]> {
  const routes = await Promise.all(
    ['-4', '-6'].map((family) => read<RouteHops>(ROUTE, family, 'route', 'show', 'default')),
  );
  return routersThrough(device, routes.flat());
}
