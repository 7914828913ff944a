import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { startOutside } from '../../lab/cluster.js';
import { startDhcpServer } from '../../lab/dhcp.js';
import { Lab } from '../../lab/lab.js';
import { Machine } from '../../lab/machine/machine.js';
import type { NetworkName } from '../../lab/machine/network.js';
import { builtPackage, installPackage } from '../../lab/machine/product.js';
import { Reachable } from '../../lab/machine/reachable.js';
import type { Suite } from '../../lab/machine/tree.js';
import type { Namespace } from '../../lab/namespace.js';
import type { Running } from '../../lab/running.js';
import { until, when } from '../../lab/until.js';
import { ANSWER_MS, GAP_MS, QUIET_ANSWERS, seconds } from './promise.js';

/** Files of /etc that daemons of Open vSwitch and DHCP clients write. */
const OF_DAEMONS = /^(openvswitch\/|resolv\.conf$|machine-id$)/;

/** The file that has ovn-k8s-node-init.service move the NIC at each boot. */
const UNIT_SETTINGS = '/etc/default/ovn-k8s-node';

/** A machine whose NIC is on its bridge, by the files of its network manager. */
export interface Persisted {
  readonly machine: Machine;
  readonly outside: Namespace;
  /** The DHCP server of the LAN. */
  readonly dhcp: { server: Running; readonly leases: string };
  readonly pings: Reachable[];
  /** The files in /etc before the move. */
  readonly dayOne: ReadonlyMap<string, string>;
}

/** Boots a machine, installs the product and moves its NIC with `--persist=auto`. */
export async function startPersisted(
  t: ExecutionContext,
  suite: Suite,
  network: NetworkName,
  serverOptions: readonly string[] = [],
): Promise<Persisted> {
  await builtPackage();
  const lab = Lab.open();
  t.teardown(() => lab.dispose());
  const outside = await startOutside(lab);
  const leases = join(lab.dir, 'leases');
  const server = await startDhcpServer(outside, leases, ...serverOptions);
  const machine = await Machine.make({ lab, outside, label: 'host', suite, network });
  await machine.start();
  await machine.booted();
  const v4 = await machine.waitFor('an address', () => machine.address4('eth0'), 30_000);
  await installPackage(machine);
  const dayOne = filesOf(machine.path('/etc'));
  const addresses = network.endsWith('static') ? [machine.v4, machine.v6] : [v4];
  const pings = addresses.map((address) => Reachable.start(outside, address));
  for (const ping of pings) await ping.firstAnswer(0, ANSWER_MS);
  const dry = await machine.run('ovn-k8s-util', 'nics-to-bridge', 'eth0', '--persist=auto', '--dry-run');
  t.regex(dry, /configures eth0/);
  t.deepEqual(differences(dayOne, filesOf(machine.path('/etc'))), []);
  const began = Date.now();
  t.log((await machine.run('ovn-k8s-util', 'nics-to-bridge', 'eth0', '--persist=auto')).split('\n')[0]);
  await quiet(t, pings, began, 'moved');
  t.notDeepEqual(differences(dayOne, filesOf(machine.path('/etc'))), []);
  // Its boots find the NIC moved already.
  await writeFile(
    machine.path(UNIT_SETTINGS),
    `${await readFile(machine.path(UNIT_SETTINGS), 'utf8')}NIC="eth0"\n`,
  );
  return { machine, outside, dhcp: { server, leases }, pings, dayOne };
}

/** Boots the machine again, and checks that the host answers in time and is not cut off again. */
export async function bootsOn(
  t: ExecutionContext,
  { machine, pings }: Persisted,
  device: string,
  what: string,
): Promise<void> {
  await machine.powerOff();
  const on = Date.now();
  await machine.start();
  await machine.booted();
  await machine.waitFor(`an address of ${device}`, () => machine.address4(device), ANSWER_MS);
  const up = await machine.entered('network-online.target');
  for (const ping of pings) {
    const first = await ping.firstAnswer(on, ANSWER_MS);
    t.log(`${what}: network up ${seconds(up - on)} after power-on, first answer ${seconds(first - on)}`);
    t.true(first - up <= ANSWER_MS);
    await quiet(t, [ping], first, what);
  }
  t.is((await machine.attempt('systemctl', '--failed', '--plain', '--no-legend')).stdout, '');
}

/** Moves the NIC back, boots the machine, and checks that it is as on day one. */
export async function returnsToDayOne(t: ExecutionContext, persisted: Persisted): Promise<void> {
  const { machine, pings, dayOne } = persisted;
  const began = Date.now();
  await machine.run('ovn-k8s-util', 'bridge-to-nics', 'breth0');
  await machine.run('sed', '--in-place', '$d', UNIT_SETTINGS);
  await quiet(t, pings, began, 'moved back');
  t.deepEqual(differences(dayOne, filesOf(machine.path('/etc'))), []);
  await bootsOn(t, persisted, 'eth0', 'day one again');
  t.deepEqual(differences(dayOne, filesOf(machine.path('/etc'))), []);
  t.is((await machine.attempt('ip', 'link', 'show', 'breth0')).exitCode, 1);
  await machine.powerOff();
}

/** Waits for answers without a break, and checks that there was no long one since a time. */
async function quiet(
  t: ExecutionContext,
  pings: readonly Reachable[],
  since: number,
  what: string,
): Promise<void> {
  const done = Date.now();
  for (const ping of pings) {
    await until('more answers', () => when(ping.answers(done).length >= QUIET_ANSWERS), ANSWER_MS);
    const { ms } = ping.longestGap(since);
    t.log(`${what}: longest gap ${Math.round(ms)} ms`);
    t.true(ms <= GAP_MS);
  }
}

/** Returns permissions and content of the files below a folder, by path. */
function filesOf(root: string): Map<string, string> {
  const files = new Map<string, string>();
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    const path = file.slice(root.length + 1);
    if (OF_DAEMONS.test(path)) continue;
    if (entry.isSymbolicLink()) files.set(path, `to ${readlinkSync(file)}`);
    else {
      const { mode, uid, gid } = statSync(file);
      files.set(path, [mode, uid, gid, entry.isFile() ? readFileSync(file, 'latin1') : ''].join(' '));
    }
  }
  return files;
}

/** Returns the paths of the files that differ. */
function differences(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  const paths = new Set([...before.keys(), ...after.keys()]);
  return [...paths].filter((path) => before.get(path) !== after.get(path)).toSorted();
}
