import { statSync } from 'node:fs';
import type { FileLock } from '../native.js';
import { ProductError } from '../net/errors.js';
import { deleteLocked, tryLock } from './held_lock.js';
import { readPid } from './pidfile.js';

/** The lock of this process on what only one daemon may keep. */
export interface ProgramLock {
  release(): void;
}

/**
 * Locks the file at `path` for this process, so that no two daemons undo each other's work, whatever their pidfiles are.
 * The kernel releases the lock when this process ends, however it ends; the file may stay.
 * @param refusal returns the error for a lock that another process has, with that process's pid if the file has it
 * @throws ProductError that `refusal` returns, or `ERR_PIDFILE`
 */
export function lockProgram(path: string, refusal: (pid: number | 'unknown') => ProductError): ProgramLock {
  const lock = takeLock(path);
  if (lock === 'held') throw refusal(readPid(path) ?? 'unknown');
  const locked = statSync(path);
  return { release: () => deleteLocked(path, lock, locked) };
}

function takeLock(path: string): FileLock | 'held' {
  try {
    const lock = tryLock(path);
    if (lock !== 'held') lock.write(`${process.pid}\n`);
    return lock;
  } catch (error) {
    throw new ProductError('ERR_PIDFILE', `cannot lock ${path}`, { cause: error });
  }
}
