import { join } from 'node:path';
import type { Directories } from '../../daemon/directories.js';
import { readPid } from '../../daemon/pidfile.js';
import { GATEWAY_HELPER, NODE_DAEMON, WATCHER } from '../../daemon/programs.js';
import { unixctl } from '../../daemon/unixctl_client.js';
import { explainError } from '../../net/errors.js';
import type { DaemonFacts } from './facts.js';

/** A daemon with a pidfile and a control socket, as OVS's daemons have. */
export interface Program {
  readonly program: string;
  readonly rundir: string;
  readonly isNeeded: boolean;
}

/** Returns the daemons that may run on a host of the cluster; `needed` names those that this host needs. */
export function programs({ run, ovnRun }: Directories, needed: ReadonlySet<string>): Program[] {
  const of = (rundir: string) => (program: string) => ({ program, rundir, isNeeded: needed.has(program) });
  return [
    ...['ovsdb-server', 'ovs-vswitchd', GATEWAY_HELPER, NODE_DAEMON, WATCHER].map(of(run)),
    ...['ovn-controller', 'ovn-northd', 'ovnnb_db', 'ovnsb_db'].map(of(ovnRun)),
  ];
}

/**
 * Returns the control socket of a daemon (ovs-appctl(8), `--target`); that of OVN's databases has no pid in its
 * name.
 */
function controlSocket(rundir: string, program: string, pid: number): string {
  return join(rundir, /^ovn.b_db$/.test(program) ? `${program}.ctl` : `${program}.${pid}.ctl`);
}

/** Finds a daemon by its pidfile, and asks it for its version. */
export async function readDaemon(
  { program, rundir, isNeeded }: Program,
  timeoutMs: number,
): Promise<DaemonFacts> {
  const pidfile = join(rundir, `${program}.pid`);
  const state = async (): Promise<Pick<DaemonFacts, 'state' | 'detail'>> => {
    const pid = readPid(pidfile);
    if (pid === undefined) return { state: 'absent', detail: `there is no ${pidfile}` };
    if (!isRunning(pid)) return { state: 'dead', detail: `${pidfile} names pid ${pid}, which does not run` };
    try {
      await unixctl(controlSocket(rundir, program, pid), 'version', [], { timeoutMs });
      return { state: 'alive', detail: `pid ${pid}` };
    } catch (error) {
      return { state: 'mute', detail: `pid ${pid}: ${explainError(error)}` };
    }
  };
  return { program, isNeeded, ...(await state()) };
}

/** Returns whether a process exists: kill(2) with signal 0 sends nothing, and EPERM too means that it exists. */
function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
