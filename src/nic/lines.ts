import {
  type Address,
  FOREVER,
  type Neighbour,
  type NextHop,
  type Route,
  type Rule,
} from '../host/snapshot.js';
import { ProductError } from '../net/errors.js';
import {
  refuseUnknownAddress,
  refuseUnknownNeighbour,
  refuseUnknownRoute,
  refuseUnknownRule,
} from './attributes.js';

/*
 * Lines of `ip -batch`, one for each address, route, rule or neighbour of a device. An attribute that `ip` prints and
 * that is unknown here is refused, so that nothing is moved in part. Two things are the same if the lines that delete
 * them are equal.
 */

/** Printable ASCII without the comment, quotes and continuation of `ip -batch` (lib/utils.c of iproute2). */
const SAFE_LINE = /^[ !$-&(-[\]-~]*$/;

/** `nodad` leaves duplicate address detection for later, so that the address works at once. */
interface AddressStyle {
  readonly nodad: boolean;
}

/** Returns the line that adds or changes an address, with its remaining lifetimes (ip-address(8)). */
export function addressLine(
  verb: 'replace' | 'change',
  one: Address,
  from: string,
  to: string,
  style: AddressStyle,
): string {
  refuseUnknownAddress(one, from, to);
  return words(
    `address ${verb} ${addressText(one)}`,
    one.broadcast && `broadcast ${one.broadcast}`,
    one.scope !== undefined && `scope ${one.scope}`,
    one.label?.startsWith(`${from}:`) && `label ${to}${one.label.slice(from.length)}`,
    one.metric !== undefined && `metric ${one.metric}`,
    one.protocol !== undefined && `proto ${one.protocol}`,
    `dev ${to}`,
    lifetimes(one),
    one.home && 'home',
    one.mngtmpaddr && 'mngtmpaddr',
    one.noprefixroute && 'noprefixroute',
    one.autojoin && 'autojoin',
    one.optimistic && 'optimistic',
    one.family === 'inet6' && (style.nodad || one.nodad) && 'nodad',
  );
}

export function deleteAddressLine(one: Address, from: string): string {
  return words(`address del ${addressText(one)} dev ${from}`);
}

function addressText({ local, address, prefixlen }: Address): string {
  return address === undefined ? `${local}/${prefixlen}` : `${local} peer ${address}/${prefixlen}`;
}

/** An address may be deprecated for ever. For an IPv4 address the kernel then reports only the flag. */
function lifetimes(one: Address): string | undefined {
  const valid = one.valid_life_time ?? FOREVER;
  const preferred = one.deprecated === true && valid === FOREVER ? 0 : (one.preferred_life_time ?? FOREVER);
  if (valid === FOREVER && preferred === FOREVER) return undefined;
  return `valid_lft ${seconds(valid)} preferred_lft ${seconds(preferred)}`;
}

/** RTN_… of linux/rtnetlink.h: `ip -N` prints numbers but accepts only names. */
const ROUTE_TYPES = new Map([
  ['2', 'local'],
  ['3', 'broadcast'],
  ['4', 'anycast'],
  ['5', 'multicast'],
  ['6', 'blackhole'],
  ['7', 'unreachable'],
  ['8', 'prohibit'],
  ['9', 'throw'],
]);

/** @throws ProductError `ERR_CANNOT_MOVE` */
export function routeLine(verb: 'add' | 'del', route: Route, from: string, to: string): string {
  refuseUnknownRoute(route);
  const expires = verb === 'add' && route.expires !== undefined && route.expires > 0;
  return words(
    `route ${verb}`,
    ROUTE_TYPES.get(String(route.type)),
    // `ip -batch` without -6 takes the family from the prefix.
    route.family === 6 && route.dst === 'default' ? '::/0' : route.dst,
    route.from !== undefined && `from ${route.from}`,
    route.tos !== undefined && `tos ${route.tos}`,
    route.nexthops === undefined && hop(route, from, to),
    route.table !== undefined && `table ${route.table}`,
    route.protocol !== undefined && `proto ${route.protocol}`,
    route.scope !== undefined && route.family === 4 && `scope ${route.scope}`,
    route.prefsrc !== undefined && `src ${route.prefsrc}`,
    route.metric !== undefined && `metric ${route.metric}`,
    route.pref !== undefined && route.pref !== 'medium' && `pref ${route.pref}`,
    // The kernel finds a route without them, and `ip` rounds some of them.
    verb === 'add' && metricWords(route),
    expires && `expires ${route.expires}`,
    ...(route.nexthops ?? []).map((one) => `nexthop ${hop(one, from, to)} weight ${one.weight ?? 1}`),
  );
}

function hop(one: NextHop, from: string, to: string): string {
  return words(
    one.gateway !== undefined && `via ${one.gateway}`,
    one.via !== undefined && `via ${one.via.family} ${one.via.host}`,
    one.dev !== undefined && `dev ${one.dev === from ? to : one.dev}`,
    one.flags?.includes('onlink') && 'onlink',
    one.flow !== undefined &&
      `realms ${one.flow.from === undefined ? '' : `${one.flow.from}/`}${one.flow.to}`,
  );
}

/** Metrics that `ip` prints in milliseconds and reads in a unit of the kernel's if they have none (ip-route(8)). */
const IN_MILLISECONDS = new Set(['rtt', 'rttvar', 'rto_min']);

function metricWords(route: Route): string {
  return (route.metrics ?? [])
    .flatMap((set) => Object.entries(set))
    .map(([name, value]) => {
      if (name === 'congestion') return `congctl ${value}`;
      if (value === null) return `features ${name}`;
      return `${name} ${value}${IN_MILLISECONDS.has(name) ? 'ms' : ''}`;
    })
    .join(' ');
}

/** @throws ProductError `ERR_CANNOT_MOVE` */
export function ruleLine(verb: 'add' | 'del', rule: Rule, from: string, to: string): string {
  refuseUnknownRule(rule);
  const renamed = (name: string) => (name === from ? to : name);
  return words(
    `rule ${verb}`,
    rule.not !== undefined && 'not',
    `from ${prefix(rule.src ?? 'all', rule.srclen)}`,
    rule.dst !== undefined && `to ${prefix(rule.dst, rule.dstlen)}`,
    rule.iif !== undefined && `iif ${renamed(rule.iif)}`,
    rule.oif !== undefined && `oif ${renamed(rule.oif)}`,
    rule.tos !== undefined && `tos ${rule.tos}`,
    rule.dscp !== undefined && `dscp ${masked(rule.dscp, rule.dscp_mask, '0x3f')}`,
    rule.flowlabel !== undefined && `flowlabel ${masked(rule.flowlabel, rule.flowlabel_mask, '0xfffff')}`,
    rule.fwmark !== undefined && `fwmark ${rule.fwmark}${rule.fwmask === undefined ? '' : `/${rule.fwmask}`}`,
    // `ip -N` prints "ipproto-6" but accepts only 6.
    rule.ipproto !== undefined && `ipproto ${String(rule.ipproto).replace(/^ipproto-/, '')}`,
    rule.sport !== undefined && `sport ${masked(rule.sport, rule.sport_mask, '0xffff')}`,
    rule.sport_start !== undefined && `sport ${rule.sport_start}-${rule.sport_end}`,
    rule.dport !== undefined && `dport ${masked(rule.dport, rule.dport_mask, '0xffff')}`,
    rule.dport_start !== undefined && `dport ${rule.dport_start}-${rule.dport_end}`,
    rule.uid_start !== undefined && `uidrange ${rule.uid_start}-${rule.uid_end}`,
    rule.tun_id !== undefined && `tun_id ${rule.tun_id}`,
    rule.table !== undefined && `table ${rule.table}`,
    rule.protocol !== undefined && `protocol ${rule.protocol}`,
    rule.suppress_prefixlen !== undefined && `suppress_prefixlength ${rule.suppress_prefixlen}`,
    rule.suppress_ifgroup !== undefined && `suppress_ifgroup ${rule.suppress_ifgroup}`,
    rule.flow_to !== undefined &&
      `realms ${rule.flow_from === undefined ? '' : `${rule.flow_from}/`}${rule.flow_to}`,
    rule.goto !== undefined && `goto ${rule.goto}`,
    rule.action !== undefined && `type ${rule.action}`,
    `priority ${rule.priority}`,
  );
}

function prefix(address: string, length: number | undefined): string {
  return length === undefined ? address : `${address}/${length}`;
}

/** Returns a value with its mask. iproute2 prints the full mask since 6.15, and older ones do not read it. */
function masked(value: number | string, mask: string | undefined, full: string): string {
  return mask === undefined || mask === full ? String(value) : `${value}/${mask}`;
}

/**
 * Returns the line that adds a neighbour, so that the first packet need not wait for a reply. A learnt neighbour is added
 * as `stale`: it is used at once and confirmed soon (RFC 4861 section 7.3.2).
 */
export function neighbourLine(one: Neighbour, to: string): string {
  if (isPermanent(one)) refuseUnknownNeighbour(one);
  const protocol = one.protocol !== undefined && `protocol ${one.protocol}`;
  if (one.proxy !== undefined) return words(`neighbour add proxy ${one.dst} dev ${to}`, protocol);
  return words(
    `neighbour replace ${one.dst} lladdr ${one.lladdr} dev ${to} nud ${isPermanent(one) ? 'permanent' : 'stale'}`,
    one.router !== undefined && 'router',
    one.extern_learn !== undefined && 'extern_learn',
    protocol,
  );
}

export function deleteNeighbourLine(one: Neighbour, from: string): string {
  return words(`neighbour del ${one.proxy === undefined ? '' : 'proxy '}${one.dst} dev ${from}`);
}

/** Returns whether a neighbour was configured rather than learnt. */
export function isPermanent({ state, proxy, managed }: Neighbour): boolean {
  return proxy !== undefined || managed !== undefined || (state?.includes('PERMANENT') ?? false);
}

function seconds(lifetime: number): string {
  return lifetime === FOREVER ? 'forever' : String(lifetime);
}

/**
 * Joins the parts of a line that are there.
 * @throws ProductError `ERR_CANNOT_MOVE` for a character that `ip -batch` does not take as it is, such as in a name
 */
function words(...parts: readonly (string | false | undefined | null)[]): string {
  const line = parts
    .filter((part) => part !== undefined && part !== false && part !== null && part !== '')
    .join(' ');
  if (!SAFE_LINE.test(line))
    throw new ProductError(
      'ERR_CANNOT_MOVE',
      `"${line}" has a character that ip -batch does not read; rename the interface in it`,
    );
  return line;
}
