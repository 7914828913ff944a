import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Snapshot } from './snapshot.js';

/** A running process as /proc shows it. */
export interface Process {
  readonly pid: number;
  readonly argv: readonly string[];
}

/** Who keeps a dynamic address alive, and what makes it do so on another interface. */
export interface DhcpOwner {
  readonly client: 'dhclient' | 'dhcpcd' | 'systemd-networkd' | 'NetworkManager';
  /** The process to end first, without letting it take the address down; `undefined` for a system service. */
  readonly pid: number | undefined;
  /** Run in order; the bridge has the NIC's MAC, so the server knows it. */
  readonly commands: readonly (readonly string[])[];
}

export interface Surroundings {
  readonly processes: readonly Process[];
  exists(path: string): boolean;
}

/** Whether an address of the interface was given for a time. */
export function hasLease({ addresses }: Pick<Snapshot, 'addresses'>): boolean {
  return addresses.some(({ family, dynamic }) => family === 'inet' && dynamic === true);
}

/** Finds the DHCP client of interface `nic` (index `ifindex`), to be run on `bridge`; `undefined` when none is seen. */
export function findDhcpOwner(
  nic: string,
  ifindex: number,
  bridge: string,
  { processes, exists }: Surroundings,
): DhcpOwner | undefined {
  const running = (name: string) =>
    processes.find(({ argv }) => basename(argv[0] ?? '') === name && argv.slice(1).includes(nic)) ??
    processes.find(
      ({ argv }) =>
        basename(argv[0] ?? '').replace(/:$/, '') === name &&
        argv.slice(1).every((arg) => arg.startsWith('-')),
    );
  const dhclient = running('dhclient');
  if (dhclient !== undefined) {
    const files = ['-pf', `/run/dhclient.${bridge}.pid`, '-lf', `/var/lib/dhcp/dhclient.${bridge}.leases`];
    return { client: 'dhclient', pid: dhclient.pid, commands: [['dhclient', '-nw', ...files, bridge]] };
  }
  const dhcpcd = running('dhcpcd');
  if (dhcpcd !== undefined)
    return { client: 'dhcpcd', pid: dhcpcd.pid, commands: [['dhcpcd', '-b', bridge]] };
  if (exists(`/run/systemd/netif/leases/${ifindex}`)) {
    return {
      client: 'systemd-networkd',
      pid: undefined,
      commands: [
        ['networkctl', 'reload'],
        ['networkctl', 'reconfigure', bridge],
      ],
    };
  }
  if (exists(`/run/NetworkManager/devices/${ifindex}`)) {
    return {
      client: 'NetworkManager',
      pid: undefined,
      commands: [
        ['nmcli', 'device', 'set', nic, 'managed', 'no'],
        ['nmcli', 'device', 'connect', bridge],
      ],
    };
  }
  return undefined;
}

/** The machine as it is. */
export function readSurroundings(): Surroundings {
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid): Process[] => {
      try {
        const argv = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
          .split('\0')
          .filter((arg) => arg !== '');
        return argv.length === 0 ? [] : [{ pid: Number(pid), argv }];
      } catch {
        // A process that has ended meanwhile.
        return [];
      }
    });
  return { processes, exists: existsSync };
}
