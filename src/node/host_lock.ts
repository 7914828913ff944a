import { join } from 'node:path';
import { lockProgram, type ProgramLock } from '../daemon/program_lock.js';
import { NODE_DAEMON } from '../daemon/programs.js';
import { ProductError } from '../net/errors.js';

/**
 * Locks this host for this process, so that no two daemons with different options undo each other's table.
 * @throws ProductError `ERR_HOST_IN_USE` that names the other daemon, `ERR_PIDFILE`
 */
export function lockHost(rundir: string): ProgramLock {
  return lockProgram(
    join(rundir, `${NODE_DAEMON}.lock`),
    (pid) =>
      new ProductError(
        'ERR_HOST_IN_USE',
        `another ${NODE_DAEMON} keeps the routes and the nft table of this host, pid ${pid}, aborting`,
      ),
  );
}
