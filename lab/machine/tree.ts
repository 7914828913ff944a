import { join } from 'node:path';
import { execa } from 'execa';
import { PROJECT } from '../project.js';

/** A release of Debian that machines of the lab run. */
export type Suite = 'bookworm' | 'trixie';

/** What a machine has before a network manager is installed. */
const PACKAGES = [
  ...['systemd', 'systemd-sysv', 'dbus', 'udev', 'kmod'],
  ...['iproute2', 'nftables', 'ethtool', 'conntrack', 'procps', 'iputils-ping'],
  ...['openvswitch-switch', 'ovn-host'],
];

/** Debian 12 has Node.js 18: its trees get the one of this machine (scripts/debian). */
const NODE: Readonly<Record<Suite, readonly string[]>> = { bookworm: [], trixie: ['nodejs'] };

/**
 * Returns the folder of a root tree of a release, with Open vSwitch, OVN, Node.js and these packages. It is made once,
 * in a minute or two, and shared by all machines: nobody may write in it.
 * @param name the tree's name; `undefined` for the tree without more packages
 */
export async function treeOf(
  suite: Suite,
  name: string | undefined,
  packages: readonly string[],
): Promise<string> {
  const base = await make(['--tree', 'machine', suite, ...PACKAGES, ...NODE[suite]]);
  return name === undefined ? base : make(['--tree', name, '--from', 'machine', suite, ...packages]);
}

async function make(args: readonly string[]): Promise<string> {
  const { stdout } = await execa(join(PROJECT, 'scripts/debian'), args, { stdin: 'ignore' });
  return stdout;
}
