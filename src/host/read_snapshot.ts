import { Advertised, temporaryOf } from './advertised_routes.js';
import { hasDevice } from './device.js';
import { ADDRESSED_LINK, LINK, LINK_ADDRESSES, NEIGHBOUR, ROUTE } from './ip_shapes.js';
import { readIpJson } from './iproute_read.js';
import { isConfigured } from './kernel_routes.js';
import { readPolicyRules } from './policy_rules.js';
import type { Address, AdvertisedRoute, Interface, Link, Neighbour, Route, Snapshot } from './snapshot.js';
import { noInterface, snapshotOf } from './snapshot_of.js';

/**
 * Reads an interface's link, addresses, routes, policy rules and neighbours.
 * @throws ProductError `ERR_NO_INTERFACE`, `ERR_IP`
 */
export async function readSnapshot(device: string): Promise<Snapshot> {
  const [links, addresses, routes4, routes6, rules, neighbours, proxies] = await Promise.all([
    readLinks(),
    readIpJson<{ ifname: string; addr_info?: readonly Address[] }>(
      LINK_ADDRESSES,
      '-details',
      'address',
      'show',
    ),
    readIpJson<Route>(ROUTE, '-N', '-details', '-4', 'route', 'show', 'table', 'all'),
    readIpJson<Route>(ROUTE, '-N', '-details', '-6', 'route', 'show', 'table', 'all'),
    readPolicyRules(),
    readNeighbours(device),
    readNeighbours(device, 'proxy'),
  ]);
  const advertised = Advertised.read(device);
  return snapshotOf(device, {
    links,
    addresses,
    routes: [...routes4.map(ofFamily(4)), ...routes6.map(ofFamily(6))],
    rules,
    neighbours: [...neighbours, ...proxies],
    advertised: (route) => advertised.of(route),
  });
}

/**
 * Reads an interface's link, addresses and routes of all tables, without routes of several next hops. The kernel leaves
 * out those of other interfaces, so that they cost a host with many routes next to nothing.
 * @throws ProductError `ERR_NO_INTERFACE`, `ERR_IP`
 */
export async function readInterface(device: string): Promise<Interface> {
  const routesOf = (family: 4 | 6) =>
    readIpJson<Route>(
      ROUTE,
      ...['-N', '-details', `-${family}`],
      ...['route', 'show', 'table', 'all', 'dev', device],
    );
  const [[shown], routes4, routes6] = await Promise.all([
    readIpJson<Link & { readonly addr_info?: readonly Address[] }>(
      ADDRESSED_LINK,
      ...['-details', 'address', 'show', 'dev', device],
    ),
    routesOf(4),
    routesOf(6),
  ]);
  if (shown === undefined) throw noInterface(device);
  const { addr_info: addresses = [], ...link } = shown;
  // `ip` leaves out the device that it was asked for.
  const routes = [...routes4.map(ofFamily(4)), ...routes6.map(ofFamily(6))].map((one) => ({
    ...one,
    dev: device,
  }));
  return { device, link, addresses, routes: routes.filter((one) => isConfigured(one, addresses)) };
}

/** Returns the routes of a device that the kernel keeps by what routers advertise. @throws ProductError `ERR_IP` */
export async function readAdvertised(device: string): Promise<AdvertisedRoute[]> {
  const advertised = Advertised.read(device);
  return (await readMain6(device)).flatMap((route) => advertised.of(route) ?? []);
}

/**
 * Returns the IPv6 routes that the kernel has made for a time on a device: of advertised prefixes, and of addresses that
 * expire. They remain if the address is deleted.
 * @throws ProductError `ERR_IP`
 */
export async function readTemporary(device: string): Promise<AdvertisedRoute[]> {
  return (await readMain6(device)).flatMap((route) => temporaryOf(route) ?? []);
}

/** Reads the IPv6 routes of table `main` through a device. */
async function readMain6(device: string): Promise<Route[]> {
  const args = ['-N', '-details', '-6', 'route', 'show', 'table', 'main', 'dev', device];
  const routes = await readIpJson<Route>(ROUTE, ...args);
  // `ip` leaves out the device that it was asked for.
  return routes.map((one) => ({ ...one, family: 6, dev: device }));
}

/** Reads neighbours; none of an interface that does not exist, which the caller finds by its links. */
async function readNeighbours(device: string, ...kind: readonly 'proxy'[]): Promise<Neighbour[]> {
  try {
    return await readIpJson<Neighbour>(NEIGHBOUR, 'neighbour', 'show', ...kind, 'dev', device);
  } catch (error) {
    if (hasDevice(device)) throw error;
    return [];
  }
}

/** Reads all links of this network namespace. */
export async function readLinks(): Promise<Link[]> {
  return readIpJson<Link>(LINK, '-details', 'link', 'show');
}

function ofFamily<F extends 4 | 6>(family: F) {
  return <T>(one: T): T & { family: F } => ({ ...one, family });
}
