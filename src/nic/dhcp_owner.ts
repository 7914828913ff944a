import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import type { Snapshot } from '../host/snapshot.js';
import { type Leases, onOtherDevice } from './dhclient.js';
import { findDhcpcd } from './dhcpcd.js';

/** A running process, from /proc. */
export interface Process {
  readonly pid: number;
  readonly argv: readonly string[];
}

/** The DHCP client that renews a lease, and the commands that move it to another interface. */
export interface DhcpOwner {
  readonly client: 'dhclient' | 'dhcpcd' | 'systemd-networkd' | 'NetworkManager';
  /** The process to kill first, with SIGKILL: it must neither delete the address nor release the lease. */
  readonly pid?: number;
  /** The lease files to copy under the other interface's name. */
  readonly leases?: Leases;
  /** Run in order. The bridge has the NIC's MAC, so the server recognizes the client. */
  readonly commands: readonly (readonly string[])[];
  /** Commands that move the client back. */
  readonly undo: readonly (readonly string[])[];
}

/** What is read of this machine to find a DHCP client; passed in so that tests can set it. */
export interface Surroundings {
  readonly processes: readonly Process[];
  exists(path: string): boolean;
}

/** Returns whether an address of the interface has a limited lifetime that the kernel keeps. */
export function hasLease({ addresses }: Pick<Snapshot, 'addresses'>, family: 'inet' | 'inet6'): boolean {
  return addresses.some((one) => one.family === family && one.dynamic === true);
}

/**
 * Finds the DHCP client of interface `from` (index `ifindex`) and how to move it to `to`; `undefined` if there is none.
 * @param family dhclient has one process for each
 */
export function findDhcpOwner(
  { from, ifindex, to, family }: { from: string; ifindex: number; to: string; family: 'inet' | 'inet6' },
  { processes, exists }: Surroundings,
): DhcpOwner | undefined {
  const ofProcess = findClientProcess({ from, to, family }, processes);
  if (ofProcess !== undefined || family === 'inet6') return ofProcess;
  const manager = findDhcpcd(processes, from);
  if (manager !== undefined) {
    const [stop, start] = [
      (device: string) => ['dhcpcd', '-x', device],
      (device: string) => ['dhcpcd', '-b', device],
    ];
    return {
      client: 'dhcpcd',
      commands: [stop(from), start(to)],
      undo: [stop(to), start(from)],
    };
  }
  if (exists(`/run/systemd/netif/leases/${ifindex}`)) {
    return {
      client: 'systemd-networkd',
      commands: [
        ['networkctl', 'reload'],
        ['networkctl', 'reconfigure', to],
      ],
      undo: [['networkctl', 'reconfigure', from]],
    };
  }
  if (exists(`/run/NetworkManager/devices/${ifindex}`)) {
    return {
      client: 'NetworkManager',
      commands: [
        ['nmcli', 'device', 'set', from, 'managed', 'no'],
        ['nmcli', 'device', 'connect', to],
      ],
      undo: [['nmcli', 'device', 'set', from, 'managed', 'yes']],
    };
  }
  return undefined;
}

/** Returns the client that has a process for interface `from` alone, to be run on `to`. */
export function findClientProcess(
  { from, to, family }: { from: string; to: string; family: 'inet' | 'inet6' },
  processes: readonly Process[],
): DhcpOwner | undefined {
  const dhclient = findDhclient(processes, from, family);
  if (dhclient !== undefined) return dhclientOwner(dhclient, from, to);
  const dhcpcd = findDhcpcd(processes, from);
  if (dhcpcd === undefined || dhcpcd.isManager || family === 'inet6') return undefined;
  const start = (device: string) => ['dhcpcd', ...dhcpcd.families, '-b', device];
  return { client: 'dhcpcd', pid: dhcpcd.pid, commands: [start(to)], undo: [start(from)] };
}

/** Returns how to move a running dhclient from `from` to `to`. */
export function dhclientOwner({ pid, argv }: Process, from: string, to: string): DhcpOwner {
  const { command, former, leases } = onOtherDevice(argv, from, to);
  return { client: 'dhclient', pid, leases, commands: [command], undo: [former] };
}

/** Returns the dhclient of this interface, or the one of all interfaces; never one that NetworkManager runs. */
export function findDhclient(
  processes: readonly Process[],
  device: string,
  family: 'inet' | 'inet6',
): Process | undefined {
  const candidates = processes.filter(
    ({ argv }) =>
      basename(argv[0] ?? '') === 'dhclient' &&
      argv.includes('-6') === (family === 'inet6') &&
      !argv.some((arg) => arg.includes('nm-dhcp')),
  );
  return (
    candidates.find(({ argv }) => argv.slice(1).includes(device)) ??
    candidates.find(({ argv }) => argv.slice(1).every((arg) => arg.startsWith('-')))
  );
}

/** Reads the processes of this network namespace; eth0 of another namespace is another interface. */
export function readSurroundings(): Surroundings {
  const here = readlinkSync('/proc/self/ns/net');
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid): Process[] => {
      try {
        if (readlinkSync(`/proc/${pid}/ns/net`) !== here) return [];
        const argv = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
          .split('\0')
          .filter((arg) => arg !== '');
        return argv.length === 0 ? [] : [{ pid: Number(pid), argv }];
      } catch {
        // The process has ended in the meantime.
        return [];
      }
    });
  return { processes, exists: existsSync };
}
