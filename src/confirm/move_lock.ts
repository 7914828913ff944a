import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type FileLock, lockFile } from '../native.js';
import { ProductError } from '../net/errors.js';

/**
 * Takes the lock that allows one command at a time to move NICs, to confirm, or to take back. The kernel releases it when
 * the process ends.
 * @throws ProductError `ERR_BUSY`
 */
export function lockMoves(rundir: string): FileLock {
  const path = join(rundir, 'ovn-k8s-util.lock');
  try {
    mkdirSync(rundir, { recursive: true, mode: 0o755 });
    return lockFile(path);
  } catch (error) {
    throw new ProductError('ERR_BUSY', `another move is under way, or ${path} cannot be locked`, {
      cause: error,
    });
  }
}
