import { join } from 'node:path';
import { explainError } from '../net/errors.js';
import { readPid } from './pidfile.js';
import { isProcessAlive } from './process_alive.js';
import { unixctl } from './unixctl_client.js';

/** How a daemon of OVS, OVN or this product is: it answers, it is there and does not, or it is not there. */
export interface DaemonState {
  readonly state: 'alive' | 'mute' | 'dead' | 'absent';
  /** What shows that: `pid 12`, or `there is no /run/openvswitch/ovs-vswitchd.pid`. */
  readonly detail: string;
}

/** Finds a daemon by its pidfile in `rundir`, and asks it for its version. @throws ProductError `ERR_PIDFILE` */
export async function readDaemonState(
  rundir: string,
  program: string,
  timeoutMs: number,
): Promise<DaemonState> {
  const pidfile = join(rundir, `${program}.pid`);
  const pid = readPid(pidfile);
  if (pid === undefined) return { state: 'absent', detail: `there is no ${pidfile}` };
  if (!isProcessAlive(pid))
    return { state: 'dead', detail: `${pidfile} names pid ${pid}, which does not run` };
  try {
    await unixctl(controlSocket(rundir, program, pid), 'version', [], { timeoutMs });
    return { state: 'alive', detail: `pid ${pid}` };
  } catch (error) {
    return { state: 'mute', detail: `pid ${pid}: ${explainError(error)}` };
  }
}

/**
 * Returns the control socket of a daemon (ovs-appctl(8), `--target`); that of OVN's databases has no pid in its
 * name.
 */
function controlSocket(rundir: string, program: string, pid: number): string {
  return join(rundir, /^ovn.b_db$/.test(program) ? `${program}.ctl` : `${program}.${pid}.ctl`);
}
