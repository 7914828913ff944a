import { formatCidr, networkOf, parseCidr } from '../net/cidr.js';
import type { Address, Route } from './snapshot.js';

/** RTPROT_KERNEL (linux/rtnetlink.h). */
const BY_KERNEL: readonly (string | number)[] = [2, '2', 'kernel'];
/** RTN_UNICAST (linux/rtnetlink.h). */
const UNICAST: readonly (string | number)[] = [1, '1', 'unicast'];
/** IP6_RT_PRIO_ADDRCONF (net/ip6_route.h): the metric of IPv6 routes that the kernel makes. */
const METRIC_6 = 256;

/**
 * Returns whether a route is not one that the kernel makes with the addresses of its device. NetworkManager adds
 * addresses with `noprefixroute`, which make no route, and adds their routes itself, as the kernel's.
 */
export function isConfigured(route: Route, addresses: readonly Address[]): boolean {
  if (!BY_KERNEL.includes(route.protocol ?? '')) return true;
  // The kernel makes all routes to its own addresses, to broadcast and to multicast.
  if (!UNICAST.includes(route.type ?? 'unicast')) return false;
  return !isTemporary(route) && !addresses.some((one) => makes(one, route));
}

/**
 * Returns whether the kernel has made this route with an IPv6 address that expires, or for an advertised prefix. The route
 * remains if the address is deleted.
 */
export function isTemporary({ family, protocol, type, expires }: Route): boolean {
  const isKernels = BY_KERNEL.includes(protocol ?? '') && UNICAST.includes(type ?? 'unicast');
  return family === 6 && isKernels && (expires ?? 0) > 0;
}

/** Returns whether the kernel makes this route with an address. */
function makes(one: Address, { family, dst, metric }: Route): boolean {
  if ((one.family === 'inet' ? 4 : 6) !== family || one.noprefixroute === true) return false;
  // The route of an IPv4 address is the one of the first address of its network.
  if (family === 4 && one.secondary === true) return false;
  if ((metric ?? 0) !== (one.metric ?? (family === 4 ? 0 : METRIC_6))) return false;
  const width = family === 4 ? 32 : 128;
  const networks = [one.local, one.address]
    .filter((address) => address !== undefined)
    .flatMap((address) => [`${address}/${one.prefixlen}`, `${address}/${width}`]);
  const wanted = dst === 'default' ? `${family === 4 ? '0.0.0.0' : '::'}/0` : dst;
  return networks.some(
    (text) => formatCidr(networkOf(parseCidr(text))) === formatCidr(withMask(wanted, width)),
  );
}

/** `ip` omits the prefix length of a host. */
function withMask(text: string, width: number) {
  return parseCidr(text.includes('/') ? text : `${text}/${width}`);
}
