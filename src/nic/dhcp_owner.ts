import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import type { Snapshot } from '../host/snapshot.js';
import { type Leases, onOtherDevice } from './dhclient.js';

/** A running process as /proc shows it. */
export interface Process {
  readonly pid: number;
  readonly argv: readonly string[];
}

/** Who keeps a dynamic address alive, and what makes it do so on another interface. */
export interface DhcpOwner {
  readonly client: 'dhclient' | 'dhcpcd' | 'systemd-networkd' | 'NetworkManager';
  /** The process to end first, without letting it take the address down or give it back. */
  readonly pid?: number;
  /** What the client knows, which it must know by the other interface's name. */
  readonly leases?: Leases;
  /** Run in order; the bridge has the NIC's MAC, so the server knows it. */
  readonly commands: readonly (readonly string[])[];
  /** What gives the lease back to the client on the interface that it had. */
  readonly undo: readonly (readonly string[])[];
}

export interface Surroundings {
  readonly processes: readonly Process[];
  exists(path: string): boolean;
}

/** Whether an address of the interface was given for a time. */
export function hasLease({ addresses }: Pick<Snapshot, 'addresses'>, family: 'inet' | 'inet6'): boolean {
  return addresses.some((one) => one.family === family && one.dynamic === true);
}

/**
 * Finds the DHCP client of interface `from` (index `ifindex`), to be run on `to`; `undefined` when none is seen.
 * @param family the client's: dhclient has a process for each
 */
export function findDhcpOwner(
  { from, ifindex, to, family }: { from: string; ifindex: number; to: string; family: 'inet' | 'inet6' },
  { processes, exists }: Surroundings,
): DhcpOwner | undefined {
  const dhclient = findDhclient(processes, from, family);
  if (dhclient !== undefined) return dhclientOwner(dhclient, from, to);
  if (family === 'inet6') return undefined;
  if (processes.some(({ argv }) => isDhcpcd(argv, from))) {
    // It ends or takes up one interface, whether it has a process for each or one for all.
    return {
      client: 'dhcpcd',
      ...both(
        (device) => ['dhcpcd', '-x', device],
        (device) => ['dhcpcd', '-b', device],
      ),
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

  function both(stop: (device: string) => readonly string[], start: (device: string) => readonly string[]) {
    return { commands: [stop(from), start(to)], undo: [stop(to), start(from)] };
  }
}

/** What makes a dhclient of `from` that of `to`. */
export function dhclientOwner({ pid, argv }: Process, from: string, to: string): DhcpOwner {
  const { command, former, leases } = onOtherDevice(argv, from, to);
  return { client: 'dhclient', pid, leases, commands: [command], undo: [former] };
}

/** A dhclient for this interface, or one for all; that of NetworkManager is no one's but NetworkManager's. */
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

/** dhcpcd names itself `dhcpcd: eth0 [ip4]`, or `dhcpcd: [manager] [ip4]` when it serves all. */
function isDhcpcd(argv: readonly string[], device: string): boolean {
  const [name = '', ...rest] = argv.join(' ').split(' ');
  if (basename(name).replace(/:$/, '') !== 'dhcpcd') return false;
  return (
    rest.includes(device) || rest.includes('[manager]') || rest.includes('[master]') || rest.length === 0
  );
}

/** This machine, as far as it is in the same network namespace: another's eth0 is not this one. */
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
        // A process that has ended meanwhile.
        return [];
      }
    });
  return { processes, exists: existsSync };
}
