import { join } from 'node:path';
import { ProductError } from '../net/errors.js';
import { readPid } from './pidfile.js';
import { unixctl } from './unixctl_client.js';

/** A daemon of this host, and how long it may take to answer. */
export interface DaemonAddress {
  readonly program: string;
  /** The directory of its pidfile and its control socket. */
  readonly rundir: string;
  readonly timeoutMs: number;
}

/**
 * Runs a command of a daemon that has a pidfile, as `ovs-appctl -t PROGRAM COMMAND ARGS…` does (ovs-appctl(8)).
 * @throws ProductError `ERR_NOT_RUNNING`, and the errors of {@link unixctl}
 */
export async function askDaemon(
  { program, rundir, timeoutMs }: DaemonAddress,
  command: string,
  args: readonly string[] = [],
): Promise<string> {
  const pidfile = join(rundir, `${program}.pid`);
  const pid = readPid(pidfile);
  if (pid === undefined)
    throw new ProductError('ERR_NOT_RUNNING', `there is no ${pidfile}: start ${program} with --pidfile`);
  return unixctl(join(rundir, `${program}.${pid}.ctl`), command, args, { timeoutMs });
}
