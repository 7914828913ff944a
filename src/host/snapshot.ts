// What the kernel has, read by iproute2 (`ip -json`) and changed by it: links, addresses, routes, rules, neighbours.
// iproute_read.ts runs commands that only show, iproute_write.ts those that change; sysctls.ts and guard.ts are the rest of a
// host's state that the jobs touch. This file holds what one interface has as plain values.
import type { Cidr } from '../net/cidr.js';
import type { IpAddress } from '../net/ip.js';

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
  readonly optimistic?: boolean;
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
  /** The realms of a route (ip-route(8)). */
  readonly flow?: { readonly from?: string | number; readonly to: string | number };
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
  /** Whether the kernel keeps the MAC of the neighbour up to date. */
  readonly managed?: unknown;
  readonly protocol?: string | number;
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
  readonly linkinfo?: {
    readonly info_kind?: string;
    /** What the kind has; a tunnel's `link` is the device that it sends through, an XFRM interface's `dev`. */
    readonly info_data?: { readonly link?: unknown; readonly dev?: unknown };
  };
}

/** An interface with its own addresses, and the routes through it that the kernel did not make itself. */
export interface Interface {
  readonly device: string;
  readonly link: Link;
  readonly addresses: readonly Address[];
  readonly routes: readonly Route[];
}

/** A route by a router's advertisement: default, more specific (RFC 4191), or of an on-link prefix. */
export interface AdvertisedRoute {
  readonly dst: Cidr;
  /** `undefined` for an on-link prefix. */
  readonly gateway: IpAddress | undefined;
  readonly metric: number;
  /** RTF_… of linux/ipv6_route.h. */
  readonly flags: number;
  /** Seconds that are left; 0 for a route without end. */
  readonly seconds: number;
}

/** Everything that one interface has and that can move to another. */
export interface Snapshot extends Interface {
  /** Routes that the kernel keeps by what routers advertise; they are not among `routes`. */
  readonly advertised?: readonly AdvertisedRoute[];
  readonly rules: readonly Rule[];
  readonly neighbours: readonly Neighbour[];
}

/** RT_TABLE_MAIN (linux/rtnetlink.h); `ip` without `-details` leaves it out. */
const MAIN: readonly (string | number)[] = [254, '254', 'main'];

/** Returns whether a route is in the routing table `main`. */
export function isInMain({ table = 'main' }: Route): boolean {
  return MAIN.includes(table);
}
