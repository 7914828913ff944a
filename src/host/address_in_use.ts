import { sleep } from '../daemon/sleep.js';
import { ROUTE } from './ip_shapes.js';
import { readIpJson } from './iproute_read.js';
import type { Route } from './snapshot.js';

/** Milliseconds between two looks. */
const AGAIN_MS = 2;

/**
 * Waits until the kernel takes packets to these IPv6 addresses of `device`, at most `timeoutMs`. It adds an address at
 * once and its local route a little later, in a worker of its own (`addrconf_dad_work`), even if there is no duplicate
 * address detection. A busy CPU delays that.
 * @param localRoutes reads the destinations of the local routes of a device
 */
export async function awaitAddressesInUse(
  device: string,
  addresses: readonly string[],
  timeoutMs: number,
  localRoutes: typeof readLocalRoutes = readLocalRoutes,
): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (addresses.length > 0 && performance.now() < end) {
    const there = await localRoutes(device);
    if (addresses.every((address) => there.has(address))) return;
    await sleep(AGAIN_MS);
  }
}

/** Returns the destinations of the IPv6 local routes of `device`. @throws ProductError `ERR_IP` */
async function readLocalRoutes(device: string): Promise<ReadonlySet<string>> {
  const routes = await readIpJson<Route>(ROUTE, '-6', 'route', 'show', 'table', 'local', 'dev', device);
  return new Set(routes.map(({ dst }) => dst));
}
