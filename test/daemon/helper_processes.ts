import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Host } from '../../lab/host.js';
import { signal } from '../../lab/namespace.js';
import { until, when } from '../../lab/until.js';

export const HELPER = 'ovn-k8s-gateway-helper';

/** Returns the pid in the helper's pidfile on a host. */
export function pidOf(host: Host): number {
  return Number(readFileSync(pidfileOf(host), 'utf8'));
}

export function pidfileOf(host: Host): string {
  return join(host.rundir, `${HELPER}.pid`);
}

export function logOf(host: Host): string {
  return readFileSync(join(host.rundir, `${HELPER}.log`), 'utf8');
}

/** Returns the files that the helper must remove when it ends. */
export function traces(host: Host): string[] {
  return readdirSync(host.rundir).filter((name) => name.startsWith(HELPER) && !name.includes('.log'));
}

/** Kills a helper that a test left running, and removes its files. */
export async function clearAway(host: Host): Promise<void> {
  const pid = existsSync(pidfileOf(host)) ? pidOf(host) : undefined;
  if (pid !== undefined && isAlive(pid)) {
    signal(pid, 'SIGKILL');
    await ends(pid);
  }
  for (const name of readdirSync(host.rundir)) {
    if (name.startsWith(HELPER)) rmSync(join(host.rundir, name));
  }
}

export async function ends(pid: number): Promise<void> {
  await until(`process ${pid} to end`, () => when(!isAlive(pid)));
}

/** Returns whether a process runs; a zombie does not. */
export function isAlive(pid: number): boolean {
  return signal(pid, 0) && stateOf(pid) !== 'Z';
}

/** Returns the parent of a process (proc(5), stat). */
export function parentOf(pid: number): number {
  return Number(fields(pid)[1]);
}

function stateOf(pid: number): string | undefined {
  return fields(pid)[0];
}

function fields(pid: number): string[] {
  const path = `/proc/${pid}/stat`;
  if (!existsSync(path)) return [];
  try {
    return readFileSync(path, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
  } catch {
    // The process ended after existsSync().
    return [];
  }
}
