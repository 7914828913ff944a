import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { ProductError } from '../net/errors.js';

/** The trees of per-interface sysctls (ip-sysctl.rst): each has a directory for every interface. */
const TREES: readonly string[] = ['ipv4/conf', 'ipv6/conf', 'ipv4/neigh', 'ipv6/neigh'];

/**
 * Sysctls of an interface that are not copied: those that only the kernel writes, those that identify this device, and
 * how addresses are generated, which is set by `ip` so that none is generated at once.
 */
const NOT_COPIED: readonly string[] = [
  'mc_forwarding',
  'tag',
  'medium_id',
  'ioam6_id',
  'stable_secret',
  'addr_gen_mode',
];

/** A sysctl to write, and its value before. */
export interface SysctlChange {
  readonly path: string;
  readonly value: string;
  readonly old: string;
}

/**
 * Returns the changes that give interface `to` the sysctls of `from`; leaves out those that the kernel does not have.
 * @param as the directory that has the current values of `to`: `default` if `to` does not exist yet
 */
export function sysctlChanges(from: string, to: string, as = to): SysctlChange[] {
  return TREES.flatMap((tree) =>
    namesOf(tree, from).flatMap((name) => {
      const value = read(pathOf(tree, from, name));
      const old = read(pathOf(tree, as, name));
      if (value === undefined || old === undefined || value === old) return [];
      return [{ path: pathOf(tree, to, name), value, old }];
    }),
  );
}

/** Returns the changes that undo `changes`, in reverse order. */
export function reversed(changes: readonly SysctlChange[]): SysctlChange[] {
  return changes.map(({ path, value, old }) => ({ path, value: old, old: value })).reverse();
}

/** @throws ProductError `ERR_SYSCTL` */
export function writeSysctls(changes: readonly SysctlChange[]): void {
  for (const change of changes) {
    try {
      writeFileSync(change.path, change.value);
    } catch (error) {
      throw new ProductError('ERR_SYSCTL', `cannot write ${change.value} to ${change.path}`, {
        cause: error,
      });
    }
  }
}

/** Formats a change as an argument of sysctl(8), with `/` as separator since an interface's name may have dots. */
export function sysctlText({ path, value }: SysctlChange): string {
  return `sysctl ${path.slice('/proc/sys/'.length)}=${value}`;
}

/** Returns the value of a sysctl. @throws ProductError `ERR_SYSCTL` if the kernel has none */
export function requireSysctl(name: string): string {
  const value = readSysctl(name);
  if (value === undefined) throw new ProductError('ERR_SYSCTL', `the kernel has no sysctl ${name}`);
  return value;
}

/**
 * Returns the value of a sysctl; `undefined` if the kernel does not have it.
 * @param name as sysctl(8) takes it: `net.ipv4.ip_forward`, or `net/ipv4/conf/eth0.5/rp_filter` whose dots are kept
 */
export function readSysctl(name: string): string | undefined {
  return read(sysctlPath(name));
}

/** Returns the file of a sysctl. If the first separator is a slash, dots belong to names (sysctl.d(5)). */
export function sysctlPath(name: string): string {
  const [separator] = /[./]/.exec(name) ?? [];
  return `/proc/sys/${separator === '.' ? name.replaceAll('.', '/') : name}`;
}

/** Returns `disable_ipv6` first, since writing it changes other sysctls of the interface. */
function namesOf(tree: string, device: string): string[] {
  const names = list(`/proc/sys/net/${tree}/${device}`).filter((name) => !NOT_COPIED.includes(name));
  const isFirst = (name: string) => name === 'disable_ipv6';
  return [...names.filter(isFirst), ...names.filter((name) => !isFirst(name))];
}

function list(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    // The kernel lacks this family.
    return [];
  }
}

function pathOf(tree: string, device: string, name: string): string {
  return `/proc/sys/net/${tree}/${device}/${name}`;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}
