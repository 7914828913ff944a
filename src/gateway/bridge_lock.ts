import { statSync } from 'node:fs';
import { join } from 'node:path';
import { deleteLocked, tryLock } from '../daemon/held_lock.js';
import { readPid } from '../daemon/pidfile.js';
import { GATEWAY_HELPER } from '../daemon/programs.js';
import type { FileLock } from '../native.js';
import { ProductError } from '../net/errors.js';

/** The lock of this process on a bridge. */
export interface BridgeLock {
  release(): void;
}

/**
 * Locks a bridge for this process, so that no two helpers undo each other's flows. Two helpers with different pidfiles
 * share the lock, because a helper and the switch share the run directory. The kernel releases the lock when this
 * process ends, however it ends; the file may stay.
 * @throws ProductError `ERR_BRIDGE_IN_USE` that names the other helper, `ERR_PIDFILE`
 */
export function lockBridge(bridge: string, rundir: string): BridgeLock {
  // A name with a slash is no bridge, and must not be a path.
  const path = join(rundir, `${GATEWAY_HELPER}.${encodeURIComponent(bridge)}.lock`);
  const lock = takeLock(path);
  if (lock === 'held') {
    throw new ProductError(
      'ERR_BRIDGE_IN_USE',
      `${bridge}: another ${GATEWAY_HELPER} keeps its flows, pid ${readPid(path) ?? 'unknown'}, aborting`,
    );
  }
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
