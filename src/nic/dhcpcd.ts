import { basename } from 'node:path';

/** The dhcpcd(8) of an interface, as its process title tells: `dhcpcd: eth0 [ip4]`, `dhcpcd: [manager] [ip4] [ip6]`. */
export interface Dhcpcd {
  readonly pid: number;
  /** Whether it serves all interfaces, not this one alone. */
  readonly isManager: boolean;
  /** The options that have it serve the same address families. */
  readonly families: readonly string[];
}

/** Returns the dhcpcd of an interface; one that serves it alone comes before a manager. */
export function findDhcpcd(
  processes: readonly { readonly pid: number; readonly argv: readonly string[] }[],
  device: string,
): Dhcpcd | undefined {
  const all = processes.flatMap((one): Dhcpcd[] => {
    const [name = '', subject = '[manager]', ...rest] = one.argv.join(' ').split(' ');
    if (basename(name).replace(/:$/, '') !== 'dhcpcd') return [];
    // Its helpers are titled `[BPF ARP] eth0`, `[privileged proxy] eth0 [ip4]` and the like.
    const isManager = subject === '[manager]' || subject === '[master]';
    if (subject !== device && !isManager) return [];
    const families = rest.includes('[ip4]') && !rest.includes('[ip6]') ? ['-4'] : [];
    return [{ pid: one.pid, isManager, families }];
  });
  return all.find(({ isManager }) => !isManager) ?? all[0];
}
