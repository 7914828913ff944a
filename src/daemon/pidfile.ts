import { readFileSync, renameSync, unlinkSync } from 'node:fs';
import { type FileLock, lockFile } from '../native.js';
import { ProductError } from '../net/errors.js';

/** A pidfile that this process has locked. */
export interface Pidfile {
  readonly path: string;
  remove(): void;
}

/** EAGAIN and EACCES: another process has the lock (fcntl(2), F_SETLK). */
const HELD: readonly (string | number | undefined)[] = [11, 13];

/**
 * Writes the pidfile as OVS's daemons do: locks a file of another name, then renames it, so that nobody reads half of
 * it.
 * @param overwrite whether to replace the pidfile of a running daemon (`--overwrite-pidfile`)
 * @throws ProductError `ERR_ALREADY_RUNNING` naming the process, `ERR_PIDFILE`
 */
export function writePidfile(path: string, { overwrite }: { overwrite: boolean }): Pidfile {
  if (!overwrite) refuseIfHeld(path);
  const temporary = `${path}.tmp${process.pid}`;
  try {
    const lock = lockFile(temporary);
    lock.write(`${process.pid}\n`);
    renameSync(temporary, path);
    return { path, remove: () => remove(path, lock) };
  } catch (error) {
    throw new ProductError('ERR_PIDFILE', `cannot write pidfile ${path}`, { cause: error });
  }
}

/** A pidfile without a lock is left over from a process that died. */
function refuseIfHeld(path: string): void {
  const owner = readPid(path);
  if (owner === undefined) return;
  try {
    lockFile(path).close();
  } catch (error) {
    const errno = error instanceof Error && 'errno' in error ? Number(error.errno) : undefined;
    if (!HELD.includes(errno))
      throw new ProductError('ERR_PIDFILE', `cannot lock pidfile ${path}`, { cause: error });
    throw new ProductError('ERR_ALREADY_RUNNING', `${path}: already running as pid ${owner}, aborting`);
  }
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

function remove(path: string, lock: FileLock): void {
  try {
    if (readPid(path) === process.pid) unlinkSync(path);
  } finally {
    lock.close();
  }
}
