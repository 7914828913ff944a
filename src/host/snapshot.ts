// What the kernel has, read by iproute2 (`ip -json`) and changed by it: links, addresses, routes, rules, neighbours.
// iproute_read.ts runs commands that only show, iproute_write.ts those that change; sysctls.ts and guard.ts are the rest of a
// host's state that the jobs touch. This file holds what one interface has as plain values.
import { ProductError } from '../net/errors.js';

/** An address as `ip -json address show` prints it; attributes that the kernel does not report are absent (ip-address(8)). */
export interface Address {
  readonly family: 'inet' | 'inet6';
  readonly local: string;
  readonly prefixlen: number;
  /** The other end of a point-to-point address. */
  readonly address?: string;
  readonly broadcast?: string;
  readonly scope?: string | number;
  readonly label?: string;
  /** Seconds; {@link FOREVER} if the address does not expire. */
  readonly valid_life_time?: number;
  readonly preferred_life_time?: number;
  readonly metric?: number;
  readonly dynamic?: boolean;
  readonly secondary?: boolean;
  readonly temporary?: boolean;
  readonly deprecated?: boolean;
  readonly tentative?: boolean;
  readonly dadfailed?: boolean;
  /** What added the address, such as `kernel_ra`; only newer kernels record it. */
  readonly protocol?: string | number;
  readonly nodad?: boolean;
  readonly home?: boolean;
  readonly mngtmpaddr?: boolean;
  readonly noprefixroute?: boolean;
  readonly autojoin?: boolean;
}

export const FOREVER = 0xffffffff;

interface Via {
  readonly family: string;
  readonly host: string;
}

export interface NextHop {
  readonly dev?: string;
  readonly gateway?: string;
  readonly via?: Via;
  readonly weight?: number;
  readonly flags?: readonly string[];
}

/** A route as `ip -json -N -details route show` prints it (ip-route(8)). */
export interface Route extends NextHop {
  readonly family: 4 | 6;
  readonly dst: string;
  readonly from?: string;
  readonly type?: string | number;
  readonly table?: string | number;
  readonly protocol?: string | number;
  readonly scope?: string | number;
  readonly prefsrc?: string;
  readonly metric?: number;
  readonly pref?: string;
  readonly tos?: string | number;
  readonly expires?: number;
  readonly metrics?: readonly Readonly<Record<string, unknown>>[];
  readonly nexthops?: readonly NextHop[];
  readonly nhid?: number;
}

/** A policy rule as `ip -json -N rule show` prints it (ip-rule(8)). */
export interface Rule {
  readonly family: 4 | 6;
  readonly priority: number;
  readonly src?: string;
  readonly srclen?: number;
  readonly dst?: string;
  readonly dstlen?: number;
  readonly iif?: string;
  readonly oif?: string;
  readonly tos?: string;
  readonly fwmark?: string;
  readonly fwmask?: string;
  readonly ipproto?: string | number;
  readonly dscp?: string;
  readonly dscp_mask?: string;
  readonly flowlabel?: string;
  readonly flowlabel_mask?: string;
  readonly sport?: number;
  readonly sport_mask?: string;
  readonly sport_start?: number;
  readonly sport_end?: number;
  readonly dport?: number;
  readonly dport_mask?: string;
  readonly dport_start?: number;
  readonly dport_end?: number;
  readonly uid_start?: number;
  readonly uid_end?: number;
  readonly tun_id?: number;
  readonly table?: string | number;
  readonly not?: unknown;
  readonly protocol?: string | number;
  readonly suppress_prefixlen?: number;
  readonly suppress_ifgroup?: string | number;
  readonly flow_from?: string | number;
  readonly flow_to?: string | number;
  readonly goto?: number;
  /** FR_ACT_… of linux/fib_rules.h, for a rule that looks up no table. */
  readonly action?: string | number;
}

/** A neighbour entry as `ip -json neighbour show` and `… show proxy` print it. */
export interface Neighbour {
  readonly dst: string;
  readonly lladdr?: string;
  readonly state?: readonly string[];
  readonly router?: unknown;
  readonly extern_learn?: unknown;
  readonly proxy?: unknown;
}

/** A link as `ip -json -details link show` prints it (ip-link(8)). */
export interface Link {
  readonly ifindex: number;
  readonly ifname: string;
  /** Absent for an interface without link-layer addresses, such as a TUN device. */
  readonly address?: string;
  readonly mtu: number;
  readonly flags: readonly string[];
  readonly master?: string;
  /** The device that this one is stacked on: `eth0` for `eth0.100`. */
  readonly link?: string;
  readonly link_type?: string;
  readonly inet6_addr_gen_mode?: string;
  readonly linkinfo?: { readonly info_kind?: string };
}

/** An interface with its own addresses, and the routes through it that the kernel did not make itself. */
export interface Interface {
  readonly device: string;
  readonly link: Link;
  readonly addresses: readonly Address[];
  readonly routes: readonly Route[];
}

/** Everything that one interface has and that can move to another. */
export interface Snapshot extends Interface {
  readonly rules: readonly Rule[];
  readonly neighbours: readonly Neighbour[];
}

/** RTPROT_KERNEL (linux/rtnetlink.h): the kernel adds and deletes these routes with the address or the device. */
const BY_KERNEL: readonly (string | number)[] = [2, '2', 'kernel'];

/** RT_TABLE_MAIN (linux/rtnetlink.h); `ip` without `-details` leaves it out. */
const MAIN: readonly (string | number)[] = [254, '254', 'main'];

/** Returns whether a route is in the routing table `main`. */
export function isInMain({ table = 'main' }: Route): boolean {
  return MAIN.includes(table);
}

/**
 * Returns the part of the output of `ip` that belongs to `device`, in the kernel's order.
 * @throws ProductError `ERR_NO_INTERFACE`
 */
export function snapshotOf(
  device: string,
  dump: {
    readonly links: readonly Link[];
    readonly addresses: readonly { readonly ifname: string; readonly addr_info?: readonly Address[] }[];
    readonly routes: readonly Route[];
    readonly rules: readonly Rule[];
    readonly neighbours: readonly Neighbour[];
  },
): Snapshot {
  const link = dump.links.find(({ ifname }) => ifname === device);
  if (link === undefined) throw noInterface(device);
  return {
    device,
    link,
    addresses: dump.addresses
      .filter(({ ifname }) => ifname === device)
      .flatMap(({ addr_info }) => addr_info ?? []),
    routes: dump.routes.filter((route) => isThrough(route, device)).filter(isConfigured),
    rules: dump.rules.filter(({ iif, oif }) => iif === device || oif === device),
    neighbours: dump.neighbours,
  };
}

export function noInterface(device: string): ProductError {
  const message = `there is no interface ${device}; ip link lists the interfaces`;
  return new ProductError('ERR_NO_INTERFACE', message);
}

/** Returns whether a route is not one that the kernel makes with each address. */
export function isConfigured({ protocol = '' }: Route): boolean {
  return !BY_KERNEL.includes(protocol);
}

/** Returns whether a route has a next hop on `device`. */
function isThrough(route: Route, device: string): boolean {
  return route.dev === device || (route.nexthops ?? []).some(({ dev }) => dev === device);
}
