import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Host } from './host.js';
import { SCHEMAS } from './ovsdb_server.js';

/** The ports that OVN's documentation gives its two databases. */
export const NORTHBOUND_PORT = 6641;
export const SOUTHBOUND_PORT = 6642;

const NORTHBOUND = 'ovnnb_db';
const SOUTHBOUND = 'ovnsb_db';
/** Options of a server that reads its remotes and key pair from rows of its own database, as Debian's servers do. */
const NORTHBOUND_OPTIONS = optionsFrom('OVN_Northbound,NB_Global', 'OVN_Northbound,SSL');
const SOUTHBOUND_OPTIONS = optionsFrom('OVN_Southbound,SB_Global', 'OVN_Southbound,SSL');

/** Starts OVN's databases and `ovn-northd` on a host. */
export async function startCentral(host: Host): Promise<void> {
  await Promise.all([
    startNorthbound(host, ...NORTHBOUND_OPTIONS),
    create(host, SOUTHBOUND, SCHEMAS.OVN_Southbound).then(() =>
      serve(host, SOUTHBOUND, ...SOUTHBOUND_OPTIONS),
    ),
  ]);
  await host.exec(['ovn-nbctl', 'init']);
  await host.exec(['ovn-sbctl', 'init']);
  await host.daemon('ovn-northd');
}

/** Makes both databases listen to the other hosts. */
export async function listen(host: Host): Promise<void> {
  await host.exec(['ovn-nbctl', 'set-connection', `ptcp:${NORTHBOUND_PORT}:[::]`]);
  await host.exec(['ovn-sbctl', 'set-connection', `ptcp:${SOUTHBOUND_PORT}:[::]`]);
}

function optionsFrom(root: string, ssl: string): string[] {
  return [
    `--remote=db:${root},connections`,
    `--private-key=db:${ssl},private_key`,
    `--certificate=db:${ssl},certificate`,
    `--ca-cert=db:${ssl},ca_cert`,
  ];
}

/** Returns `tcp:ADDRESS:PORT`, as other hosts have it in `ovn-nb` and `ovn-remote`. */
export function remote(address: string, port: number): string {
  return `tcp:${address.includes(':') ? `[${address}]` : address}:${port}`;
}

/** Sets what an operator sets once on a node. */
export async function configure(
  host: Host,
  { central, address }: { readonly central: string; readonly address: string },
): Promise<void> {
  const settings = {
    'ovn-nb': remote(central, NORTHBOUND_PORT),
    'ovn-remote': remote(central, SOUTHBOUND_PORT),
    'ovn-encap-type': 'geneve',
    'ovn-encap-ip': address,
    hostname: host.label,
  };
  const columns = Object.entries(settings).map(([key, value]) => `external_ids:${key}="${value}"`);
  await host.vsctl('set', 'Open_vSwitch', '.', ...columns);
}

/** Starts `ovn-controller`, for a switch whose datapath is in userspace. */
export async function startController(host: Host): Promise<void> {
  await host.vsctl('set', 'Open_vSwitch', '.', 'external_ids:ovn-bridge-datapath-type=netdev');
  await host.daemon('ovn-controller', host.db);
}

/** Starts the northbound database alone, for commands that need no `ovn-northd`. */
export async function startNorthbound(host: Host, ...args: readonly string[]): Promise<void> {
  await create(host, NORTHBOUND, SCHEMAS.OVN_Northbound);
  await serve(host, NORTHBOUND, ...args);
}

/** Kills the northbound database's server, as a crash would. */
export async function killNorthbound(host: Host): Promise<void> {
  process.kill(Number(await readFile(join(host.dir, 'ovn', `${NORTHBOUND}.pid`), 'utf8')), 'SIGKILL');
}

/** Restarts the killed server on the same database. */
export function restartNorthbound(host: Host): Promise<void> {
  return serve(host, NORTHBOUND, '--overwrite-pidfile', ...NORTHBOUND_OPTIONS);
}

/** Restarts the southbound database's server, after it was killed. */
export function restartSouthbound(host: Host): Promise<void> {
  return serve(host, SOUTHBOUND, '--overwrite-pidfile', ...SOUTHBOUND_OPTIONS);
}

function create(host: Host, name: string, schema: string): Promise<string> {
  return host.exec(['ovsdb-tool', 'create', join(host.dir, `${name}.db`), schema]);
}

async function serve(host: Host, name: string, ...args: readonly string[]): Promise<void> {
  const rundir = join(host.dir, 'ovn');
  await host.exec([
    'ovsdb-server',
    join(host.dir, `${name}.db`),
    `--remote=punix:${rundir}/${name}.sock`,
    ...args,
    `--unixctl=${rundir}/${name}.ctl`,
    `--pidfile=${rundir}/${name}.pid`,
    `--log-file=${rundir}/${name}.log`,
    '--detach',
    '-vconsole:off',
  ]);
}
