import { readFileSync, writeFileSync } from 'node:fs';

/**
 * Per-interface values that must be the same where the addresses are (ip-sysctl.rst of the kernel). Values that
 * describe the device itself (mtu, neighbour timers) or a state of the kernel's own are not among them.
 */
const NAMES: Readonly<Record<'ipv4' | 'ipv6', readonly string[]>> = {
  ipv4: [
    'accept_local',
    'accept_redirects',
    'accept_source_route',
    'arp_accept',
    'arp_announce',
    'arp_filter',
    'arp_ignore',
    'arp_notify',
    'drop_gratuitous_arp',
    'forwarding',
    'log_martians',
    'promote_secondaries',
    'proxy_arp',
    'route_localnet',
    'rp_filter',
    'secure_redirects',
    'send_redirects',
    'shared_media',
    'src_valid_mark',
  ],
  ipv6: [
    'disable_ipv6',
    'accept_dad',
    'accept_ra',
    'accept_ra_defrtr',
    'accept_ra_from_local',
    'accept_ra_min_hop_limit',
    'accept_ra_mtu',
    'accept_ra_pinfo',
    'accept_ra_rt_info_max_plen',
    'accept_ra_rt_info_min_plen',
    'accept_ra_rtr_pref',
    'accept_redirects',
    'accept_source_route',
    'accept_untracked_na',
    'autoconf',
    'dad_transmits',
    'drop_unsolicited_na',
    'forwarding',
    'hop_limit',
    'max_addresses',
    'ndisc_notify',
    'optimistic_dad',
    'proxy_ndp',
    'router_solicitations',
    'temp_prefered_lft',
    'temp_valid_lft',
    'use_optimistic',
    'use_tempaddr',
  ],
};

/** One value that differs between two interfaces. */
export interface SysctlChange {
  readonly path: string;
  readonly value: string;
}

/** What must be written so that `to` has the values of `from`; a kernel that lacks one is not asked for it. */
export function sysctlChanges(from: string, to: string): SysctlChange[] {
  return (['ipv4', 'ipv6'] as const).flatMap((family) =>
    NAMES[family].flatMap((name) => {
      const value = read(sysctlPath(family, from, name));
      const path = sysctlPath(family, to, name);
      const old = read(path);
      return value === undefined || value === old ? [] : [{ path, value }];
    }),
  );
}

/** Writes the values; one that the kernel refuses is returned, since an old kernel may know it and not take it. */
export function writeSysctls(changes: readonly SysctlChange[]): SysctlChange[] {
  return changes.filter(({ path, value }) => {
    try {
      writeFileSync(path, value);
      return false;
    } catch {
      return true;
    }
  });
}

function sysctlPath(family: 'ipv4' | 'ipv6', device: string, name: string): string {
  return `/proc/sys/net/${family}/conf/${device}/${name}`;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}
