import { join } from 'node:path';
import { lockProgram, type ProgramLock } from '../daemon/program_lock.js';
import { GATEWAY_HELPER } from '../daemon/programs.js';
import { ProductError } from '../net/errors.js';

/**
 * Locks a bridge for this process, so that no two helpers undo each other's flows. Two helpers with different pidfiles
 * share the lock, because a helper and the switch share the run directory.
 * @throws ProductError `ERR_BRIDGE_IN_USE` that names the other helper, `ERR_PIDFILE`
 */
export function lockBridge(bridge: string, rundir: string): ProgramLock {
  // A name with a slash is no bridge, and must not be a path.
  const path = join(rundir, `${GATEWAY_HELPER}.${encodeURIComponent(bridge)}.lock`);
  return lockProgram(
    path,
    (pid) =>
      new ProductError(
        'ERR_BRIDGE_IN_USE',
        `${bridge}: another ${GATEWAY_HELPER} keeps its flows, pid ${pid}, aborting`,
      ),
  );
}
