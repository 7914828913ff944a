import type { Snapshot } from '../host/snapshot.js';
import { type Leases, onOtherDevice } from './dhclient.js';
import type { ClientProcess } from './dhcp_process.js';
import { findDhcpcd } from './dhcpcd.js';

/** The DHCP client that renews a lease, and the commands that move it to another interface. */
export interface DhcpOwner {
  readonly client: 'dhclient' | 'dhcpcd' | 'systemd-networkd' | 'NetworkManager';
  /** The process to kill first, with SIGKILL: it must neither delete the address nor release the lease. */
  readonly process?: ClientProcess;
  /** The lease files to copy under the other interface's name. */
  readonly leases?: Leases;
  /** Run in order. The bridge has the NIC's MAC, so the server recognizes the client. */
  readonly commands: readonly (readonly string[])[];
  /** Commands that move the client back. */
  readonly undo: readonly (readonly string[])[];
}

/** What is read of this machine to find a DHCP client; passed in so that tests can set it. */
export interface Surroundings {
  readonly clients: readonly ClientProcess[];
  exists(path: string): boolean;
}

/** Returns whether an address of the interface has a limited lifetime that the kernel keeps. */
export function hasLease({ addresses }: Pick<Snapshot, 'addresses'>, family: 'inet' | 'inet6'): boolean {
  return addresses.some((one) => one.family === family && one.dynamic === true);
}

/**
 * Finds the DHCP client of interface `from` (index `ifindex`) and how to move it to `to`; `undefined` if there is none.
 * @param family dhclient has one process for each
 * @throws ProductError `ERR_DHCP` for a dhclient whose options are not carried over
 */
export function findDhcpOwner(
  { from, ifindex, to, family }: { from: string; ifindex: number; to: string; family: 'inet' | 'inet6' },
  { clients, exists }: Surroundings,
): DhcpOwner | undefined {
  const ofProcess = findClientProcess({ from, to, family }, clients);
  if (ofProcess !== undefined || family === 'inet6') return ofProcess;
  const manager = findDhcpcd(clients, from);
  if (manager !== undefined) {
    const { program } = manager.process;
    const [stop, start] = [
      (device: string) => [program, '-x', device],
      (device: string) => [program, '-b', device],
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
  clients: readonly ClientProcess[],
): DhcpOwner | undefined {
  const dhclient = findDhclient(clients, from, family);
  if (dhclient !== undefined) return dhclientOwner(dhclient, from, to);
  const dhcpcd = findDhcpcd(clients, from);
  if (dhcpcd === undefined || dhcpcd.isManager || family === 'inet6') return undefined;
  const { process, families } = dhcpcd;
  const start = (device: string) => [process.program, ...families, '-b', device];
  return { client: 'dhcpcd', process, commands: [start(to)], undo: [start(from)] };
}

/** Returns how to move a running dhclient from `from` to `to`. @throws ProductError `ERR_DHCP` */
export function dhclientOwner(process: ClientProcess, from: string, to: string): DhcpOwner {
  const { command, former, leases } = onOtherDevice(process.program, process.argv, from, to);
  return { client: 'dhclient', process, leases, commands: [command], undo: [former] };
}

/** Returns the dhclient of this interface, or the one of all interfaces; never one that NetworkManager runs. */
export function findDhclient(
  clients: readonly ClientProcess[],
  device: string,
  family: 'inet' | 'inet6',
): ClientProcess | undefined {
  const candidates = clients.filter(
    ({ client, argv }) =>
      client === 'dhclient' &&
      argv.includes('-6') === (family === 'inet6') &&
      !argv.some((arg) => arg.includes('nm-dhcp')),
  );
  return (
    candidates.find(({ argv }) => argv.slice(1).includes(device)) ??
    candidates.find(({ argv }) => argv.slice(1).every((arg) => arg.startsWith('-')))
  );
}
