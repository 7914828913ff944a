import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { ProductError } from '../net/errors.js';

/** Where the kernel keeps what it does on an interface (ip-sysctl.rst): a folder for each in these. */
const TREES: readonly string[] = ['ipv4/conf', 'ipv6/conf', 'ipv4/neigh', 'ipv6/neigh'];

/**
 * Values of an interface that stay where they are: what is the kernel's own to write, what names this one device, and
 * how addresses are made, which `ip` sets without their being made at once.
 */
const STAY: readonly string[] = [
  'mc_forwarding',
  'tag',
  'medium_id',
  'ioam6_id',
  'stable_secret',
  'addr_gen_mode',
];

/** A value to write, and what it was before. */
export interface SysctlChange {
  readonly path: string;
  readonly value: string;
  readonly old: string;
}

/**
 * What must be written so that `to` treats packets as `from` does; what the kernel does not have is left out.
 * @param as whose values those of `to` are now: `default` for a device that is still to be made
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

/** Gives back what {@link writeSysctls} has written. */
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

/** As sysctl(8) writes it, with `/` where a name has dots of its own. */
export function sysctlText({ path, value }: SysctlChange): string {
  return `sysctl ${path.slice('/proc/sys/'.length)}=${value}`;
}

/** Turning IPv6 on or off sets others of its values, so it comes first. */
function namesOf(tree: string, device: string): string[] {
  const names = list(`/proc/sys/net/${tree}/${device}`).filter((name) => !STAY.includes(name));
  const isFirst = (name: string) => name === 'disable_ipv6';
  return [...names.filter(isFirst), ...names.filter((name) => !isFirst(name))];
}

function list(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    // A kernel without that family.
    return [];
  }
}

function pathOf(tree: string, device: string, name: string): string {
  return `/proc/sys/net/${tree}/${device}/${name}`;
}

/** The value of `net.NAME`, with `/` between its parts; empty where the kernel does not have it. */
export function readSysctl(name: string): string {
  return read(`/proc/sys/net/${name}`) ?? '';
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}
