import { join } from 'node:path';
import type { Host } from './host.js';
import { SCHEMAS } from './ovsdb_server.js';

/** The ports that OVN's documentation gives its two databases. */
export const NORTHBOUND_PORT = 6641;
export const SOUTHBOUND_PORT = 6642;

/** OVN's databases and `ovn-northd` on a host, each database on TCP and on its usual socket. */
export async function startCentral(host: Host): Promise<void> {
  await Promise.all([
    startNorthbound(host, `--remote=ptcp:${NORTHBOUND_PORT}:[::]`),
    startDatabase(host, 'ovnsb_db', SCHEMAS.OVN_Southbound, `--remote=ptcp:${SOUTHBOUND_PORT}:[::]`),
  ]);
  await host.exec(['ovn-nbctl', 'init']);
  await host.exec(['ovn-sbctl', 'init']);
  await host.daemon('ovn-northd');
}

/** `tcp:` with the host's first address: what other hosts put in `ovn-nb` and `ovn-remote`. */
export function remote(address: string, port: number): string {
  return `tcp:${address.includes(':') ? `[${address}]` : address}:${port}`;
}

/** The switch's side of OVN: what an operator sets once on a node, and `ovn-controller`. */
export async function startController(
  host: Host,
  { central, address }: { readonly central: string; readonly address: string },
): Promise<void> {
  const settings = {
    'ovn-nb': remote(central, NORTHBOUND_PORT),
    'ovn-remote': remote(central, SOUTHBOUND_PORT),
    'ovn-encap-type': 'geneve',
    'ovn-encap-ip': address,
    'ovn-bridge-datapath-type': 'netdev',
    hostname: host.label,
  };
  const columns = Object.entries(settings).map(([key, value]) => `external_ids:${key}="${value}"`);
  await host.vsctl('set', 'Open_vSwitch', '.', ...columns);
  await host.daemon('ovn-controller', host.db);
}

/** The northbound database alone, for commands that need no `ovn-northd`. */
export function startNorthbound(host: Host, ...args: readonly string[]): Promise<void> {
  return startDatabase(host, 'ovnnb_db', SCHEMAS.OVN_Northbound, ...args);
}

async function startDatabase(
  host: Host,
  name: string,
  schema: string,
  ...args: readonly string[]
): Promise<void> {
  const file = join(host.dir, `${name}.db`);
  await host.exec(['ovsdb-tool', 'create', file, schema]);
  const rundir = join(host.dir, 'ovn');
  await host.exec([
    'ovsdb-server',
    file,
    `--remote=punix:${rundir}/${name}.sock`,
    ...args,
    `--unixctl=${rundir}/${name}.ctl`,
    `--pidfile=${rundir}/${name}.pid`,
    `--log-file=${rundir}/${name}.log`,
    '--detach',
    '-vconsole:off',
  ]);
}
