import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { type Edge, startEdge } from './edge.js';
import type { Namespace } from './namespace.js';
import type { Running } from './running.js';

export const LEASE_SECONDS = 120;

/** A DHCP client that a release of Debian has, and how the lab runs it. */
export interface DhcpClient {
  readonly name: 'dhclient' | 'dhcpcd';
  /** Why it cannot run here. */
  missing(): string | undefined;
  /** Returns the command that gets a lease for `eth0` and goes to the background. */
  command(dir: string): readonly string[];
  /** Returns the device of a client's process; `undefined` for other processes and for helpers. */
  deviceOf(argv: readonly string[]): string | undefined;
  /** Removes what the client of a host leaves outside of the lab. */
  clean(dir: string): void;
}

const DHCLIENT: DhcpClient = {
  name: 'dhclient',
  missing: () => lacking('/usr/sbin/dhclient'),
  command: (dir) => ['dhclient', '-4', ...dhclientFiles(dir), 'eth0'],
  deviceOf: ([program, ...rest]) => (program?.endsWith('dhclient') === true ? rest.at(-1) : undefined),
  clean: (dir) => {
    for (const device of ['eth0', 'breth0'])
      for (const file of Object.values(filesOf(dir, device))) rmSync(file, { recursive: true, force: true });
  },
};

/** dhcpcd keeps its files in fixed places, which all network namespaces share. */
const DHCPCD_FILES = ['/run/dhcpcd', '/var/lib/dhcpcd'];

const DHCPCD: DhcpClient = {
  name: 'dhcpcd',
  missing: () => {
    const own = listed('/run/dhcpcd').find((file) => file.endsWith('pid'));
    return own === undefined ? lacking('/usr/sbin/dhcpcd') : `this machine's own dhcpcd has ${own}`;
  },
  command: () => ['dhcpcd', '-4', '--noarp', 'eth0'],
  deviceOf: (argv) => /^dhcpcd: ([a-z]\S*) \[ip4\]$/.exec(argv.join(' '))?.[1],
  clean: () => {
    for (const folder of DHCPCD_FILES)
      for (const file of listed(folder))
        if (/^(breth0|eth0)\b/.test(file)) rmSync(join(folder, file), { recursive: true });
  },
};

export const DHCP_CLIENTS = [DHCLIENT, DHCPCD];

export function dhclientFiles(dir: string): string[] {
  const { pid, leases } = filesOf(dir, 'eth0');
  return ['-pf', pid, '-lf', leases];
}

/** Returns a dhclient's files for a device, in the folders that the product accepts; the host's folder tells them apart. */
export function filesOf(dir: string, device: string): { readonly pid: string; readonly leases: string } {
  const name = `dhclient.${dir.replaceAll(/[^A-Za-z0-9]+/g, '-')}.${device}`;
  return { pid: `/run/${name}.pid`, leases: `/var/lib/dhcp/${name}.leases` };
}

export interface Leased {
  readonly edge: Edge;
  /** The address that the server gave. */
  readonly address: string;
  /** Returns how many leases the server has given. */
  readonly granted: () => number;
}

/** Starts a host whose eth0 has only an IPv4 address from DHCP. */
export async function startLeased(t: ExecutionContext, client: DhcpClient): Promise<Leased> {
  const edge = await startEdge();
  t.teardown(() => {
    edge.lab.dispose();
    client.clean(edge.host.dir);
  });
  const { host, router } = edge;
  await host.net.exec(['ip', '-4', 'address', 'flush', 'dev', 'eth0']);
  // The client's script writes name servers into the namespace's own file.
  writeFileSync(`/etc/netns/${host.net.name}/resolv.conf`, '');
  const server = await startDhcpServer(router, join(edge.lab.dir, 'leases'));
  await host.net.exec(client.command(host.dir));
  const granted = () => [...server.output.matchAll(/DHCPACK/g)].length;
  const { local } = await leaseOf(host.net, 'eth0');
  return { edge, address: local, granted };
}

/** Options of a server that advertises 2001:db8::/64 too, each 3 s, and a default route for 24 s. */
export const ADVERTISEMENTS = ['--enable-ra', '--dhcp-range=2001:db8::,ra-only', '--ra-param=lan,3,24'];

/** Starts a DHCP server on a router's device `lan`. */
export async function startDhcpServer(
  router: Namespace,
  leaseFile: string,
  ...more: readonly string[]
): Promise<Running> {
  const server = router.spawn([
    ...['dnsmasq', '--keep-in-foreground', '--conf-file=', '--user=root', '--pid-file='],
    ...['--port=0', '--interface=lan', '--bind-interfaces', '--no-ping', '--log-facility=-'],
    ...[`--dhcp-range=203.0.113.50,203.0.113.60,${LEASE_SECONDS}`, '--dhcp-authoritative'],
    ...[`--dhcp-leasefile=${leaseFile}`, '--dhcp-option=option:dns-server', ...more],
  ]);
  await server.says(/sockets bound exclusively/);
  return server;
}

/** Returns the address of a device that DHCP gave, and the seconds that are left of the lease. */
export async function leaseOf(net: Namespace, device: string): Promise<{ local: string; seconds: number }> {
  const [link] = JSON.parse(await net.exec(['ip', '-json', '-4', 'address', 'show', 'dev', device]));
  const [{ local, valid_life_time: seconds, dynamic }] = link.addr_info;
  if (dynamic !== true) throw new Error(`${local} of ${device} is not given for a time`);
  return { local, seconds };
}

/** Returns the devices that clients of this kind serve in a namespace. */
export async function clientsOf(net: Namespace, client: DhcpClient): Promise<string[]> {
  const pids = (await net.exec(['ip', 'netns', 'pids', net.name])).split('\n').filter(Boolean);
  return pids.flatMap((pid) => client.deviceOf(commandOf(pid).split('\0').filter(Boolean)) ?? []);
}

/** Returns what a process was started with; nothing for a process that has ended. */
function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

function lacking(program: string): string | undefined {
  const missing = [program, '/usr/sbin/dnsmasq'].filter((path) => !existsSync(path));
  return missing.length === 0 ? undefined : `needs ${missing.join(' and ')}`;
}

function listed(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
