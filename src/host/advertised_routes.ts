import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { changeIpv6Route } from '../native.js';
import { formatCidr, parseCidr } from '../net/cidr.js';
import { explainError, ProductError } from '../net/errors.js';
import { type IpAddress, ipBytes, ipOfBytes, parseIp } from '../net/ip.js';
import { acceptsAdvertisements } from './advertisements.js';
import { isTemporary } from './kernel_routes.js';
import { type AdvertisedRoute, isInMain, type Route } from './snapshot.js';

/*
 * Routes that the kernel keeps by what routers advertise (RFC 4861 section 6.3.4). It renews and deletes only routes with
 * the flags of linux/ipv6_route.h, which `ip` neither shows nor sets. While any other default route leads to a router,
 * the kernel adds none, and ignores the rest of that router's advertisements.
 */

/** RTF_… of linux/ipv6_route.h. */
const UP = 0x1;
const GATEWAY = 0x2;
const DEFAULT = 0x1_0000;
const ADDRCONF = 0x4_0000;
const PREFIX_RT = 0x8_0000;
const EXPIRES = 0x40_0000;
const ROUTEINFO = 0x80_0000;
const PREFERENCE = 0x1800_0000;
/** The flags that a copy of a route has; the others tell about its state. */
const KEPT = UP | GATEWAY | DEFAULT | ADDRCONF | PREFIX_RT | EXPIRES | ROUTEINFO | PREFERENCE;
/** RTPREF_… of RFC 4191, as `ip` names them, in the place of {@link PREFERENCE}. */
const PREFERENCES = new Map([
  ['high', 0x0800_0000],
  ['low', 0x1800_0000],
]);
/** RTPROT_RA of linux/rtnetlink.h. */
const BY_ADVERTISEMENT: readonly (string | number)[] = [9, '9', 'ra'];

const NOWHERE = parseIp('::');

/** Tells which routes of a device are by advertisements, and passes them to {@link AdvertisedRoute}. */
export class Advertised {
  private readonly flags: ReadonlyMap<string, number>;

  /**
   * @param table content of /proc/net/ipv6_route
   * @param accepts whether the kernel accepts advertisements on the device
   */
  constructor(
    private readonly device: string,
    table: string,
    private readonly accepts: boolean,
  ) {
    this.flags = flagsIn(table, device);
  }

  /** Reads the kernel's table. */
  static read(device: string): Advertised {
    return new Advertised(device, readTable(), acceptsAdvertisements(device));
  }

  /**
   * Returns the route as an advertised one; `undefined` if it is none. A default route of `proto ra` that ends is taken as
   * one where the kernel accepts advertisements: an interrupted move left it so.
   */
  of(route: Route): AdvertisedRoute | undefined {
    if (route.family !== 6 || route.dev !== this.device || !isInMain(route)) return undefined;
    const common = partsOf(route);
    const flags = this.flags.get(keyOf(common)) ?? 0;
    if ((flags & ADDRCONF) !== 0 && (flags & (DEFAULT | ROUTEINFO | PREFIX_RT)) !== 0)
      return { ...common, flags: flags & KEPT };
    const isCopy =
      this.accepts &&
      BY_ADVERTISEMENT.includes(route.protocol ?? '') &&
      route.dst === 'default' &&
      common.seconds > 0 &&
      common.gateway !== undefined;
    if (!isCopy) return undefined;
    const preference = PREFERENCES.get(route.pref ?? '') ?? 0;
    return { ...common, flags: UP | GATEWAY | DEFAULT | ADDRCONF | EXPIRES | preference };
  }
}

/** Returns a route that the kernel has made for a time, in the form that {@link deleteAdvertised} takes; else `undefined`. */
export function temporaryOf(route: Route): AdvertisedRoute | undefined {
  return isTemporary(route) ? { ...partsOf(route), flags: UP } : undefined;
}

/**
 * Gives `device` these routes in the form that the kernel renews. Replaces a route of the same destination and metric
 * that has another form, such as the one that the kernel makes with an address.
 * @throws ProductError `ERR_IP`
 */
export function addAdvertised(device: string, routes: readonly AdvertisedRoute[]): void {
  const present = flagsIn(readTable(), device);
  for (const route of routes) {
    const flags = present.get(keyOf(route));
    if (flags !== undefined && (flags & ADDRCONF) !== 0) continue;
    if (flags !== undefined) change('delete', device, route);
    change('add', device, route);
  }
}

/** Deletes these routes from `device`, those that are there. @throws ProductError `ERR_IP` */
export function deleteAdvertised(device: string, routes: readonly AdvertisedRoute[]): void {
  for (const route of routes) change('delete', device, route);
}

/** Formats a route for the operator, as `ip` does. */
export function advertisedText({ dst, gateway, metric }: AdvertisedRoute, device: string): string {
  const text = dst.prefix === 0 ? 'default' : formatCidr(dst);
  return `${text}${gateway === undefined ? '' : ` via ${gateway}`} dev ${device} metric ${metric}`;
}

function partsOf({ dst, gateway, metric = 0, expires = 0 }: Route): Omit<AdvertisedRoute, 'flags'> {
  const text = dst === 'default' ? '::/0' : dst.includes('/') ? dst : `${dst}/128`;
  return {
    dst: parseCidr(text),
    gateway: gateway === undefined ? undefined : parseIp(gateway),
    metric,
    seconds: expires,
  };
}

function change(verb: 'add' | 'delete', device: string, route: AdvertisedRoute): void {
  const { dst, gateway, metric, seconds } = route;
  const flags = verb === 'add' ? route.flags : route.flags & (UP | GATEWAY);
  try {
    changeIpv6Route(verb, device, {
      ...{ dst: Uint8Array.from(ipBytes(dst.address)), prefix: dst.prefix, metric, flags, seconds },
      gateway: Uint8Array.from(ipBytes(gateway ?? NOWHERE)),
    });
  } catch (error) {
    const errno = error instanceof Error && 'errno' in error ? error.errno : undefined;
    // The kernel adds and deletes such routes itself.
    if (errno === (verb === 'add' ? constants.errno.EEXIST : constants.errno.ESRCH)) return;
    const what = `${verb} route ${advertisedText(route, device)}`;
    throw new ProductError('ERR_IP', `cannot ${what}: ${explainError(error)}`, { cause: error });
  }
}

/**
 * Returns the flags of the routes through `device`. A line has destination, source, gateway, metric, two counters, flags
 * and device; each of the first two is 32 hexadecimal digits and its prefix length.
 */
function flagsIn(table: string, device: string): ReadonlyMap<string, number> {
  const routes = new Map<string, number>();
  for (const line of table.split('\n')) {
    const [dst = '', prefix = '', , , gateway = '', metric = '', , , flags = '', dev] = line
      .trim()
      .split(/\s+/);
    if (dev !== device) continue;
    const via = ipIn(gateway);
    const key = keyOf({
      dst: { address: ipIn(dst), prefix: Number.parseInt(prefix, 16), family: 6 },
      gateway: via === NOWHERE ? undefined : via,
      metric: Number.parseInt(metric, 16),
    });
    // The other routes to the same destination are of other tables, and cannot be advertised.
    routes.set(key, (routes.get(key) ?? 0) | Number.parseInt(flags, 16));
  }
  return routes;
}

function keyOf({ dst, gateway, metric }: Pick<AdvertisedRoute, 'dst' | 'gateway' | 'metric'>): string {
  return `${formatCidr(dst)} ${gateway ?? '-'} ${metric}`;
}

function ipIn(digits: string): IpAddress {
  return ipOfBytes([...Buffer.from(digits, 'hex')]);
}

function readTable(): string {
  try {
    return readFileSync('/proc/net/ipv6_route', 'utf8');
  } catch {
    // The kernel has no IPv6.
    return '';
  }
}
