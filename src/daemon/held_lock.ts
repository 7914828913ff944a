import { type Stats, statSync, unlinkSync } from 'node:fs';
import { type FileLock, lockFile } from '../native.js';

/** EAGAIN and EACCES: another process has the lock (fcntl(2), F_SETLK). */
const HELD: readonly (string | number | undefined)[] = [11, 13];
/** ESTALE: the file was replaced between the opening and the lock. */
const REPLACED = 116;
/** Far more often than processes that end or start can replace a file meanwhile. */
const MAX_TRIES = 1_000;

/**
 * Locks the file at `path`, and creates it if needed; returns `held` if another process has the lock. The kernel
 * releases the lock when this process ends, however it ends.
 *
 * This process must not open the file again: closing any descriptor of a file releases its lock (fcntl(2)).
 * @throws Error with `errno` and `syscall`
 */
export function tryLock(path: string): FileLock | 'held' {
  for (let tries = 1; ; tries++) {
    try {
      return lockFile(path);
    } catch (error) {
      const errno = error instanceof Error && 'errno' in error ? Number(error.errno) : undefined;
      if (HELD.includes(errno)) return 'held';
      if (errno !== REPLACED || tries === MAX_TRIES) throw error;
    }
  }
}

/**
 * Deletes a locked file and releases its lock, in this order, so that the file cannot be the next daemon's. A file that
 * somebody has deleted or replaced is left as it is. Compares the files by their inodes: reading would release the lock.
 * @param locked the file as it was when it was locked
 */
export function deleteLocked(path: string, lock: FileLock, locked: Stats): void {
  try {
    const now = statSync(path, { throwIfNoEntry: false });
    if (now?.dev === locked.dev && now.ino === locked.ino) unlinkSync(path);
  } finally {
    lock.close();
  }
}
