import type { Address, Link, Neighbour, Route, Rule, Snapshot } from '../host/snapshot.js';
import {
  addressLine,
  deleteAddressLine,
  deleteNeighbourLine,
  isPermanent,
  neighbourLine,
  routeLine,
  ruleLine,
} from './lines.js';
import { onDevice } from './on_device.js';

/** What `to` shall have, and what each device has now. `wanted` and `from` are of the same device. */
export interface Move {
  readonly wanted: Snapshot;
  readonly from: Snapshot;
  readonly to: Snapshot;
}

/**
 * Lines for `ip -batch`, in the order in which the batches run. Only `ip -6` tells the family of a policy rule without a
 * prefix, so IPv6 rules have batches of their own.
 */
export interface Batches {
  readonly newRules6: readonly string[];
  /** What both devices can have at once: the traffic stays where it is. */
  readonly additions: readonly string[];
  /** What moves the traffic. */
  readonly lines: readonly string[];
  readonly oldRules6: readonly string[];
}

/**
 * Returns what is left to do of a move. Everything is added to one device before it is deleted from the other. The kernel
 * does not take a route twice, so a route is deleted and added in two consecutive lines. A gateway must be reachable when
 * its route is added: on-link routes come first, then routes through gateways, then default routes.
 * @throws ProductError `ERR_CANNOT_MOVE` for a route or a rule with an unknown attribute
 */
export function moveBatches({ wanted, from, to }: Move): Batches {
  const [old, name] = [from.device, to.device];
  // With the name of the other device, so that both compare with `wanted`.
  const there = onDevice(to, old);
  const addresses = compare(wanted, from, there, (of) => of.addresses, addressKey);
  const neighbours = compare(wanted, from, there, neighboursThatMove, neighbourKey);
  const routes = compare(wanted, from, there, (of) => of.routes, routeKey(old));
  const rules = compare(wanted, from, there, (of) => of.rules, ruleKey(old));
  const newAddresses = (isLate: boolean) =>
    inOrderAdded(addresses.missing)
      .filter((one) => isDoubtful(one) === isLate)
      .map((one) => addressLine('replace', one, old, name, { nodad: !isDoubtful(one) }));
  const newRules = (family: 4 | 6) =>
    rules.missing.filter(isOf(family)).map((one) => ruleLine('add', one, old, name));
  const oldRules = (family: 4 | 6) =>
    rules.leaving.filter(isOf(family)).map((one) => ruleLine('del', one, old, old));
  return {
    newRules6: newRules(6),
    additions: [
      ...newRules(4),
      ...newAddresses(false),
      ...neighbours.missing.map((one) => neighbourLine(one, name)),
      // ovs-vswitchd looks at all its ports again after a change of a link: not while it carries the host's traffic.
      ...addressMode(wanted.link, to),
    ],
    lines: [
      // Duplicate address detection must reach the network.
      ...newAddresses(true),
      ...neighbours.leaving.filter(isPermanent).map((one) => deleteNeighbourLine(one, old)),
      ...routeLines(wanted.routes, routes, old, name),
      // In reverse: the kernel deletes the secondary addresses of a subnet with their primary.
      ...addresses.leaving.toReversed().map((one) => deleteAddressLine(one, old)),
      ...withFlagsToRestore(wanted.addresses, there.addresses).map((one) =>
        addressLine('change', one, old, name, { nodad: false }),
      ),
      ...oldRules(4),
    ],
    oldRules6: oldRules(6),
  };
}

/** Returns whether nothing is left to do. */
export function isEmpty(batches: Batches): boolean {
  return Object.values(batches).every((lines) => lines.length === 0);
}

/** Adds the journal of an interrupted move to the device's current contents. A current entry replaces a journal's. */
export function merged(journal: Snapshot, now: Snapshot): Snapshot {
  const before = journal.device === now.device ? journal : onDevice(journal, now.device);
  const union = <T>(kind: (of: Snapshot) => readonly T[], key: (one: T) => string): readonly T[] => {
    const present = new Map(kind(now).map((one) => [key(one), one]));
    const earlier = kind(before).map((one) => present.get(key(one)) ?? one);
    const known = new Set(earlier.map(key));
    return [...earlier, ...kind(now).filter((one) => !known.has(key(one)))];
  };
  return {
    ...now,
    addresses: union((of) => of.addresses, addressKey),
    neighbours: union((of) => of.neighbours, neighbourKey),
    routes: union((of) => of.routes, routeKey(now.device)),
    rules: union((of) => of.rules, ruleKey(now.device)),
  };
}

/** The part of `wanted` that the target lacks, and the part that the source still has. */
interface Comparison<T> {
  readonly missing: readonly T[];
  readonly leaving: readonly T[];
}

function compare<T>(
  wanted: Snapshot,
  from: Snapshot,
  there: Snapshot,
  kind: (of: Snapshot) => readonly T[],
  key: (one: T) => string,
): Comparison<T> {
  const [wantedKeys, thereKeys] = [new Set(kind(wanted).map(key)), new Set(kind(there).map(key))];
  return {
    missing: kind(wanted).filter((one) => !thereKeys.has(key(one))),
    leaving: kind(from).filter((one) => wantedKeys.has(key(one))),
  };
}

function routeLines(
  wanted: readonly Route[],
  { missing, leaving }: Comparison<Route>,
  old: string,
  name: string,
): string[] {
  const key = routeKey(old);
  const [missingKeys, leavingKeys] = [new Set(missing.map(key)), new Set(leaving.map(key))];
  return wanted
    .toSorted((a, b) => stage(a) - stage(b))
    .flatMap((one) => [
      ...(leavingKeys.has(key(one)) ? [routeLine('del', one, old, old)] : []),
      ...(missingKeys.has(key(one)) ? [routeLine('add', one, old, name)] : []),
    ]);
}

/** Returns a route's place in the order of adding: on-link, through a gateway, default. */
function stage(route: Route): number {
  const hasGateway = [route, ...(route.nexthops ?? [])].some(
    ({ gateway, via }) => gateway !== undefined || via !== undefined,
  );
  if (!hasGateway) return 0;
  return route.dst === 'default' ? 2 : 1;
}

/**
 * Returns the addresses in the order in which they were added. The kernel lists IPv4 addresses in that order and IPv6
 * addresses in reverse; source address selection depends on it.
 */
function inOrderAdded(addresses: readonly Address[]): Address[] {
  const isV4 = ({ family }: Address) => family === 'inet';
  return [...addresses.filter(isV4), ...addresses.filter((one) => !isV4(one)).reverse()];
}

/** Returns the IPv6 addresses that have, or are about to get, `nodad` only for the move. */
function withFlagsToRestore(wanted: readonly Address[], there: readonly Address[]): Address[] {
  const done = new Set(there.filter(({ nodad }) => nodad !== true).map(addressKey));
  return wanted.filter(
    (one) => one.family === 'inet6' && !one.nodad && !isDoubtful(one) && !done.has(addressKey(one)),
  );
}

/** Returns the line that sets how the device generates addresses (ip-link(8)); a stable secret stays with its device. */
function addressMode({ inet6_addr_gen_mode: mode }: Link, { device, link }: Snapshot): string[] {
  const wanted = mode === 'stable_secret' ? 'random' : mode;
  if (wanted === undefined || wanted === link.inet6_addr_gen_mode) return [];
  return [`link set dev ${device} addrgenmode ${wanted}`];
}

/** Another host may have such an address: it must not be used before duplicate address detection has ended. */
function isDoubtful({ tentative, dadfailed }: Address): boolean {
  return tentative === true || dadfailed === true;
}

/** Learnt neighbours move only if they have a MAC; all that are configured move, or are refused. */
function neighboursThatMove({ neighbours }: Snapshot): readonly Neighbour[] {
  return neighbours.filter((one) => one.lladdr !== undefined || isPermanent(one));
}

function addressKey(one: Address): string {
  return deleteAddressLine(one, '');
}

function neighbourKey(one: Neighbour): string {
  return deleteNeighbourLine(one, '');
}

function routeKey(device: string): (one: Route) => string {
  return (one) => `${one.family} ${routeLine('del', one, device, device)}`;
}

function ruleKey(device: string): (one: Rule) => string {
  return (one) => `${one.family} ${ruleLine('del', one, device, device)}`;
}

function isOf(family: 4 | 6): (one: Rule) => boolean {
  return (one) => one.family === family;
}
