import type { Address, Neighbour, NextHop, Route, Rule } from '../host/snapshot.js';
import { ProductError } from '../net/errors.js';
import { MAX_INTERFACE_NAME } from '../net/interface_name.js';

/*
 * The attributes that `ip -json` prints and that move, or that report only a state. A thing with any other attribute is
 * refused by name, so that nothing is moved in part.
 */

const OF_ADDRESS = names(
  'family local prefixlen address broadcast scope label valid_life_time preferred_life_time metric protocol nodad home mngtmpaddr noprefixroute autojoin optimistic',
  // States, and how the kernel has made the address.
  'dynamic secondary temporary deprecated tentative dadfailed stable-privacy',
);

const OF_ROUTE = names(
  'family dst from type table protocol scope prefsrc metric pref tos expires metrics nexthops gateway via dev weight flags flow',
  'cache uid error age',
);
const OF_HOP = names('gateway via dev weight flags flow');
/** Flags that the kernel sets itself (ip-route(8)). */
const STATE_FLAGS = names('linkdown dead offload offload_failed rt_trap trap pervasive unresolved');
/** Metrics of a route (ip-route(8)). `ecn` and `tcp_usec_ts` are features. */
const METRICS = names(
  'mtu advmss window rtt rttvar rto_min ssthresh cwnd initcwnd initrwnd hoplimit quickack reordering fastopen_no_cookie congestion',
  'ecn tcp_usec_ts',
);

const OF_RULE = names(
  'family priority not src srclen dst dstlen iif oif tos dscp dscp_mask flowlabel flowlabel_mask fwmark fwmask ipproto sport sport_mask sport_start sport_end dport dport_mask dport_start dport_end uid_start uid_end tun_id table protocol suppress_prefixlen suppress_ifgroup flow_from flow_to goto action',
  'iif_detached oif_detached unresolved',
);

const OF_NEIGHBOUR = names('dst lladdr router extern_learn proxy protocol', 'state offload');

/**
 * Refuses an address with an unknown attribute, or with a label that the other device cannot have: Linux takes labels of
 * 15 characters, and `ip` only those that begin with the name of the device.
 * @throws ProductError `ERR_CANNOT_MOVE`
 */
export function refuseUnknownAddress(one: Address, from: string, to: string): void {
  const { local, prefixlen, label } = one;
  const address = `${local}/${prefixlen}`;
  refuse(`address ${address}`, unknownIn(one, OF_ADDRESS), 'address');
  // The target of a move that is half done, and the lines that delete, have no device.
  if (label === undefined || label === from || label === to) return;
  const own = label.startsWith(`${from}:`) ? `${to}${label.slice(from.length)}` : label;
  const why = own.startsWith(`${to}:`)
    ? own.length > MAX_INTERFACE_NAME && `is longer than ${MAX_INTERFACE_NAME} characters as ${own}`
    : `does not begin with ${from}:`;
  if (why === false) return;
  throw new ProductError(
    'ERR_CANNOT_MOVE',
    `address ${address} has label ${label}, which ${why}; delete that address, and add it with another label`,
  );
}

/** @throws ProductError `ERR_CANNOT_MOVE` */
export function refuseUnknownRoute(route: Route): void {
  const hops: readonly NextHop[] = route.nexthops ?? [];
  const metrics = (route.metrics ?? []).flatMap((set) => Object.keys(set));
  const flags = [route, ...hops].flatMap((hop) => hop.flags ?? []);
  const strange =
    unknownIn(route, OF_ROUTE) ??
    hops.map((hop) => unknownIn(hop, OF_HOP)).find((name) => name !== undefined) ??
    metrics.find((name) => !METRICS.has(name)) ??
    flags.find((flag) => flag !== 'onlink' && !STATE_FLAGS.has(flag));
  refuse(`route ${route.dst}`, strange, 'route');
}

/** @throws ProductError `ERR_CANNOT_MOVE` */
export function refuseUnknownRule(rule: Rule): void {
  refuse(`rule ${rule.priority}`, unknownIn(rule, OF_RULE), 'rule');
}

/** @throws ProductError `ERR_CANNOT_MOVE` */
export function refuseUnknownNeighbour(one: Neighbour): void {
  refuse(`neighbour ${one.dst}`, unknownIn(one, OF_NEIGHBOUR), 'neighbour');
}

function refuse(what: string, attribute: string | undefined, kind: string): void {
  if (attribute === undefined) return;
  throw new ProductError(
    'ERR_CANNOT_MOVE',
    `${what} has "${attribute}", which cannot be moved; delete that ${kind} first`,
  );
}

function unknownIn(one: object, known: ReadonlySet<string>): string | undefined {
  return Object.keys(one).find((name) => !known.has(name));
}

function names(...lists: readonly string[]): ReadonlySet<string> {
  return new Set(lists.flatMap((list) => list.split(' ')));
}
