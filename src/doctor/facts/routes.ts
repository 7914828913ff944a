import { ROUTE } from '../../host/ip_shapes.js';
import { readIpJson } from '../../host/iproute_read.js';
import type { Route } from '../../host/snapshot.js';

/** Reads the destinations of the routes of table `main` by a device that have a next hop. @throws ProductError `ERR_IP` */
export async function readRoutesBy(device: string): Promise<string[]> {
  const both = await Promise.all(
    ['-4', '-6'].map((family) => readIpJson<Route>(ROUTE, family, 'route', 'show', 'dev', device)),
  );
  return both.flat().flatMap(({ dst, gateway }) => (gateway === undefined ? [] : [dst]));
}
