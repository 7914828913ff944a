import { parseCidr } from '../net/cidr.js';
import { type Family, type IpAddress, parseIp } from '../net/ip.js';
import type { LocalAddress } from './addresses.js';
import { LINK_ADDRESSES, ROUTE } from './ip_shapes.js';
import { readIpJson } from './iproute_read.js';
import type { Address, Route } from './snapshot.js';

/** An address that the kernel has with global scope. */
export interface HostAddress extends LocalAddress {
  readonly device: string;
}

/** A default route of the kernel's table `main`. */
export interface DefaultRoute {
  readonly family: Family;
  readonly device: string;
  /** The source address of packets that take the route, if the route names it. */
  readonly source: IpAddress | undefined;
}

/**
 * Returns the host's addresses of global scope, by device in the kernel's order. Those that duplicate address detection
 * has not passed yet are left out.
 * @throws ProductError `ERR_IP`
 */
export async function readHostAddresses(): Promise<HostAddress[]> {
  const links = await readIpJson<{ ifname: string; addr_info?: readonly Address[] }>(
    LINK_ADDRESSES,
    'address',
    'show',
    'scope',
    'global',
  );
  return links.flatMap(({ ifname, addr_info }) =>
    (addr_info ?? []).flatMap((address) => {
      const { local, prefixlen, temporary, deprecated, tentative, dadfailed, secondary } = address;
      if (tentative === true || dadfailed === true) return [];
      const isSecondary = [temporary, deprecated, secondary].some(Boolean);
      return [{ ...parseCidr(`${local}/${prefixlen}`), device: ifname, secondary: isSecondary }];
    }),
  );
}

/**
 * Returns the default routes of table `main`, the most preferred of each family first.
 * @throws ProductError `ERR_IP`
 */
export async function readDefaultRoutes(): Promise<DefaultRoute[]> {
  const both = await Promise.all(
    ([4, 6] as const).map(async (family) => {
      const routes = await readIpJson<Route>(ROUTE, `-${family}`, 'route', 'show', 'default');
      return routes
        .toSorted((a, b) => (a.metric ?? 0) - (b.metric ?? 0))
        .flatMap(({ dev, nexthops, prefsrc }): DefaultRoute[] => {
          const source = prefsrc === undefined ? undefined : parseIp(prefsrc);
          const devices = [dev, ...(nexthops ?? []).map((hop) => hop.dev)];
          return devices.flatMap((device) => (device === undefined ? [] : [{ family, device, source }]));
        });
    }),
  );
  return both.flat();
}
