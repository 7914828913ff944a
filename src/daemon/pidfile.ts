import { linkSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import type { FileLock } from '../native.js';
import { ProductError } from '../net/errors.js';
import { deleteLocked, tryLock } from './held_lock.js';

/** A pidfile that this process has locked. */
export interface Pidfile {
  readonly path: string;
  remove(): void;
}

/**
 * Writes the pidfile as OVS's daemons do (lib/daemon-unix.c, "make_pidfile"): writes and locks a file of another name,
 * then gives it the name of the pidfile. Nobody reads half of it, and of two daemons that start at once the kernel gives
 * the name to one.
 * @param overwrite whether to replace the pidfile of a running daemon (`--overwrite-pidfile`)
 * @throws ProductError `ERR_ALREADY_RUNNING` naming the process, `ERR_PIDFILE`
 */
export function writePidfile(path: string, { overwrite }: { overwrite: boolean }): Pidfile {
  const temporary = `${path}.tmp${process.pid}`;
  let lock: FileLock | 'held' | undefined;
  try {
    // A process of the same pid may have left one, even as a second name of the pidfile.
    rmSync(temporary, { force: true });
    lock = tryLock(temporary);
    if (lock === 'held')
      throw new ProductError('ERR_PIDFILE', `another process has the lock on ${temporary}`);
    lock.write(`${process.pid}\n`);
    const written = statSync(temporary);
    if (overwrite) renameSync(temporary, path);
    else giveName(temporary, path);
    const held = lock;
    return { path, remove: () => deleteLocked(path, held, written) };
  } catch (error) {
    if (lock !== 'held') lock?.close();
    if (error instanceof ProductError && error.code === 'ERR_ALREADY_RUNNING') throw error;
    throw new ProductError('ERR_PIDFILE', `cannot write pidfile ${path}`, { cause: error });
  } finally {
    rmSync(temporary, { force: true });
  }
}

/**
 * Links `path` to the file `temporary`. The pidfile of a process that died, which has no lock, is replaced in one step:
 * a reader always finds one.
 */
function giveName(temporary: string, path: string): void {
  if (isLinked(temporary, path)) return;
  const old = tryLock(path);
  if (old === 'held') throw alreadyRunning(path);
  try {
    // Only the process that has the lock may replace the file, else it could replace the pidfile of the next daemon.
    renameSync(temporary, path);
  } finally {
    old.close();
  }
}

/** Links `path` to the file `temporary`. @returns false if `path` exists */
function isLinked(temporary: string, path: string): boolean {
  try {
    linkSync(temporary, path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

function alreadyRunning(path: string): ProductError {
  const owner = readPid(path);
  const who = owner === undefined ? 'another daemon is starting' : `already running as pid ${owner}`;
  return new ProductError('ERR_ALREADY_RUNNING', `${path}: ${who}, aborting`);
}

/** Returns the pid in a pidfile, or `undefined` if there is no such file or no number in it. */
export function readPid(path: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(path, 'utf8'), 10);
    return Number.isInteger(pid) ? pid : undefined;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new ProductError('ERR_PIDFILE', `cannot read pidfile ${path}`, { cause: error });
  }
}
