import { ProductError } from '../net/errors.js';
import { type Address, FOREVER, type Neighbour, type Route, type Rule, type Snapshot } from './snapshot.js';

/** `nodad`: take part in duplicate address detection later, so that the address works at once. */
interface AddressStyle {
  readonly nodad: boolean;
}

/**
 * The lines of one `ip -batch` that move everything in `snapshot` to device `to`.
 *
 * New addresses come first, then the old go, which takes their routes, then routes: on-link ones, those through a
 * gateway, defaults last, since a gateway must be reachable when its route is made.
 * @throws ProductError `ERR_CANNOT_MOVE` for a route that has something this does not know
 */
export function moveBatch(snapshot: Snapshot, to: string): string[] {
  const { device: from } = snapshot;
  const routes = [...snapshot.routes].sort((a, b) => stage(a) - stage(b));
  const kept = snapshot.neighbours.filter(({ lladdr, proxy }) => lladdr !== undefined && proxy === undefined);
  return [
    ...inOrderOfMaking(snapshot.addresses).map((one) =>
      addressLine('replace', one, from, to, { nodad: true }),
    ),
    ...kept.map((one) => neighbourLine('replace', one, to)),
    ...kept.filter(isPermanent).map((one) => `neighbour del ${one.dst} dev ${from}`),
    ...routes.map((one) => routeLine('del', one, from, from)),
    // The last first: without its secondaries a primary can go without taking them along.
    ...snapshot.addresses.toReversed().map((one) => `address del ${one.local}/${one.prefixlen} dev ${from}`),
    ...routes.map((one) => routeLine('add', one, from, to)),
    ...snapshot.rules.filter(({ family }) => family === 4).flatMap((one) => movedRule(one, from, to)),
  ];
}

/** The lines for `ip -6 -batch`: a rule that names no prefix has no other sign of its family. */
export function moveRules6(snapshot: Snapshot, to: string): string[] {
  return snapshot.rules
    .filter(({ family }) => family === 6)
    .flatMap((one) => movedRule(one, snapshot.device, to));
}

function movedRule(rule: Rule, from: string, to: string): string[] {
  return [ruleLine('add', rule, from, to), ruleLine('del', rule, from, from)];
}

/** The kernel lists IPv4 addresses as they were made, IPv6 ones the newest first; source selection heeds that order. */
function inOrderOfMaking(addresses: readonly Address[]): Address[] {
  const isV4 = ({ family }: Address) => family === 'inet';
  return [...addresses.filter(isV4), ...addresses.filter((one) => !isV4(one)).reverse()];
}

/** The lines that give IPv6 addresses their flags back after {@link moveBatch}. */
export function restoreFlagsBatch(snapshot: Snapshot, to: string): string[] {
  return snapshot.addresses
    .filter(({ family, nodad }) => family === 'inet6' && !nodad)
    .map((one) => addressLine('change', one, snapshot.device, to, { nodad: false }));
}

/** `replace` or `change` of an address (ip-address(8)); remaining lifetimes go along. */
export function addressLine(
  verb: 'replace' | 'change',
  one: Address,
  from: string,
  to: string,
  style: AddressStyle,
): string {
  const isV6 = one.family === 'inet6';
  const local =
    one.address === undefined
      ? `${one.local}/${one.prefixlen}`
      : `${one.local} peer ${one.address}/${one.prefixlen}`;
  const lives = one.valid_life_time !== undefined && one.valid_life_time !== FOREVER;
  return words(
    `address ${verb} ${local}`,
    one.broadcast && `broadcast ${one.broadcast}`,
    one.scope !== undefined && `scope ${one.scope}`,
    one.label?.startsWith(`${from}:`) && `label ${to}${one.label.slice(from.length)}`,
    one.metric !== undefined && `metric ${one.metric}`,
    `dev ${to}`,
    lives && `valid_lft ${one.valid_life_time} preferred_lft ${lifetime(one.preferred_life_time)}`,
    one.home && 'home',
    one.mngtmpaddr && 'mngtmpaddr',
    one.noprefixroute && 'noprefixroute',
    one.autojoin && 'autojoin',
    isV6 && (style.nodad || one.nodad) && 'nodad',
  );
}

/** Attributes that `ip -json route` prints and this moves, or that say only how the route is doing. */
const KNOWN = new Set(
  'family dst type table protocol scope prefsrc metric pref tos expires metrics nexthops gateway via dev weight flags cache uid error age ipproto'.split(
    ' ',
  ),
);
/** Flags that are the kernel's own view of a route (ip-route(8)). */
const STATE_FLAGS: readonly string[] = [
  'linkdown',
  'dead',
  'offload',
  'offload_failed',
  'rt_trap',
  'trap',
  'pervasive',
  'unresolved',
];
/** Per-route metrics that are one number (ip-route(8)). */
const METRICS = new Set(
  'mtu advmss window rtt rttvar rto_min ssthresh cwnd initcwnd initrwnd hoplimit quickack reordering fastopen_no_cookie'.split(
    ' ',
  ),
);

/** @throws ProductError `ERR_CANNOT_MOVE` */
export function routeLine(verb: 'add' | 'del', route: Route, from: string, to: string): string {
  refuseUnknown(route);
  const expires = verb === 'add' && route.expires !== undefined && route.expires > 0;
  return words(
    `route ${verb}`,
    route.type !== undefined && route.type !== 'unicast' && Number(route.type) !== 1 && String(route.type),
    // A batch takes no -6: the family is that of the prefix.
    route.family === 6 && route.dst === 'default' ? '::/0' : route.dst,
    route.tos !== undefined && `tos ${route.tos}`,
    route.nexthops === undefined && hop(route, from, to),
    route.table !== undefined && `table ${route.table}`,
    route.protocol !== undefined && `proto ${route.protocol}`,
    route.scope !== undefined && route.family === 4 && `scope ${route.scope}`,
    route.prefsrc !== undefined && `src ${route.prefsrc}`,
    route.metric !== undefined && `metric ${route.metric}`,
    route.pref !== undefined && route.pref !== 'medium' && `pref ${route.pref}`,
    metricWords(route),
    expires && `expires ${route.expires}`,
    ...(route.nexthops ?? []).map((one) => `nexthop ${hop(one, from, to)} weight ${one.weight ?? 1}`),
  );
}

export function ruleLine(verb: 'add' | 'del', rule: Rule, from: string, to: string): string {
  const renamed = (name: string | undefined) => (name === from ? to : name);
  const prefix = (address: string | undefined, length: number | undefined) =>
    address === undefined
      ? undefined
      : address === 'all' || length === undefined
        ? address
        : `${address}/${length}`;
  return words(
    `rule ${verb}`,
    rule.not !== undefined && 'not',
    `from ${prefix(rule.src, rule.srclen) ?? 'all'}`,
    rule.dst !== undefined && `to ${prefix(rule.dst, rule.dstlen)}`,
    rule.iif !== undefined && `iif ${renamed(rule.iif)}`,
    rule.oif !== undefined && `oif ${renamed(rule.oif)}`,
    rule.fwmark !== undefined && `fwmark ${rule.fwmark}${rule.fwmask === undefined ? '' : `/${rule.fwmask}`}`,
    rule.table !== undefined && `table ${rule.table}`,
    rule.protocol !== undefined && `protocol ${rule.protocol}`,
    `priority ${rule.priority}`,
  );
}

/**
 * Known neighbours go along, so that the first packet need not wait for an answer; what was learnt is `stale`,
 * which is used at once and asked again soon (RFC 4861 section 7.3.2).
 */
function neighbourLine(verb: 'replace', one: Neighbour, to: string): string {
  const state = isPermanent(one) ? 'permanent' : 'stale';
  return words(
    `neighbour ${verb} ${one.dst} lladdr ${one.lladdr} dev ${to} nud ${state}`,
    one.router !== undefined && 'router',
  );
}

function isPermanent({ state }: Neighbour): boolean {
  return state?.includes('PERMANENT') ?? false;
}

function hop(one: Pick<Route, 'gateway' | 'via' | 'dev' | 'flags'>, from: string, to: string): string {
  return words(
    one.gateway !== undefined && `via ${one.gateway}`,
    one.via !== undefined && `via ${one.via.family} ${one.via.host}`,
    one.dev !== undefined && `dev ${one.dev === from ? to : one.dev}`,
    one.flags?.includes('onlink') && 'onlink',
  );
}

function metricWords(route: Route): string {
  return (route.metrics ?? [])
    .flatMap((set) => Object.entries(set))
    .map(([name, value]) => `${name} ${value}`)
    .join(' ');
}

/** When a route can be made: on-link ones, then those through gateways, default routes last. */
function stage(route: Route): number {
  const hasGateway = [route, ...(route.nexthops ?? [])].some(
    ({ gateway, via }) => gateway !== undefined || via !== undefined,
  );
  if (!hasGateway) return 0;
  return route.dst === 'default' ? 2 : 1;
}

function refuseUnknown(route: Route): void {
  const strange = Object.keys(route).find((key) => !KNOWN.has(key));
  const strangeMetric = (route.metrics ?? [])
    .flatMap((set) => Object.keys(set))
    .find((name) => !METRICS.has(name));
  const strangeFlag = (route.flags ?? []).find((flag) => flag !== 'onlink' && !STATE_FLAGS.includes(flag));
  const what = strange ?? strangeMetric ?? strangeFlag;
  if (what !== undefined) {
    throw new ProductError(
      'ERR_CANNOT_MOVE',
      `route ${route.dst} has "${what}", which cannot be moved; delete that route first`,
    );
  }
}

function lifetime(seconds: number | undefined): string {
  return seconds === undefined || seconds === FOREVER ? 'forever' : String(seconds);
}

function words(...parts: readonly (string | false | undefined | null)[]): string {
  return parts
    .filter((part) => part !== undefined && part !== false && part !== null && part !== '')
    .join(' ');
}
