import type { ClientProcess } from './dhcp_process.js';

/** The dhcpcd(8) of an interface, as its process title tells: `dhcpcd: eth0 [ip4]`, `dhcpcd: [manager] [ip4] [ip6]`. */
export interface Dhcpcd {
  readonly process: ClientProcess;
  /** Whether it serves all interfaces, not this one alone. */
  readonly isManager: boolean;
  /** The options that have it serve the same address families. */
  readonly families: readonly string[];
}

/** Returns the dhcpcd of an interface; one that serves it alone comes before a manager. */
export function findDhcpcd(clients: readonly ClientProcess[], device: string): Dhcpcd | undefined {
  const all = clients.flatMap((process): Dhcpcd[] => {
    if (process.client !== 'dhcpcd') return [];
    const [, subject = '[manager]', ...rest] = process.argv.join(' ').split(' ');
    // Its helpers are titled `[BPF ARP] eth0`, `[privileged proxy] eth0 [ip4]` and the like.
    const isManager = subject === '[manager]' || subject === '[master]';
    if (subject !== device && !isManager) return [];
    const families = rest.includes('[ip4]') && !rest.includes('[ip6]') ? ['-4'] : [];
    return [{ process, isManager, families }];
  });
  return all.find(({ isManager }) => !isManager) ?? all[0];
}
