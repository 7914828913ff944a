import { join } from 'node:path';
import type { Directories } from '../../daemon/directories.js';
import { readPid } from '../../daemon/pidfile.js';
import { GATEWAY_HELPER, WATCHER } from '../../daemon/programs.js';
import { unixctl } from '../../daemon/unixctl_client.js';
import { explainError } from '../../net/errors.js';
import type { DaemonFacts } from './facts.js';

/** A daemon with the manners of OVS's: a pidfile, and beside it a control socket. */
export interface Program {
  readonly program: string;
  readonly rundir: string;
  readonly isNeeded: boolean;
}

/** What runs on a host of the cluster; `needed` are those that this one cannot do without. */
export function programs({ run, ovnRun }: Directories, needed: ReadonlySet<string>): Program[] {
  const of = (rundir: string) => (program: string) => ({ program, rundir, isNeeded: needed.has(program) });
  return [
    ...['ovsdb-server', 'ovs-vswitchd', GATEWAY_HELPER, WATCHER].map(of(run)),
    ...['ovn-controller', 'ovn-northd', 'ovnnb_db', 'ovnsb_db'].map(of(ovnRun)),
  ];
}

/** The control socket of a running daemon (ovs-appctl(8), `--target`); OVN's databases have no pid in its name. */
export function controlSocket(rundir: string, program: string, pid: number): string {
  return join(rundir, /^ovn.b_db$/.test(program) ? `${program}.ctl` : `${program}.${pid}.ctl`);
}

/** Looks for a daemon by its pidfile, and has it say something. */
export async function readDaemon(
  { program, rundir, isNeeded }: Program,
  timeoutMs: number,
): Promise<DaemonFacts> {
  const pidfile = join(rundir, `${program}.pid`);
  const state = async (): Promise<Pick<DaemonFacts, 'state' | 'detail'>> => {
    const pid = readPid(pidfile);
    if (pid === undefined) return { state: 'absent', detail: `there is no ${pidfile}` };
    if (!isRunning(pid)) return { state: 'dead', detail: `${pidfile} names pid ${pid}, which has gone` };
    try {
      await unixctl(controlSocket(rundir, program, pid), 'version', [], { timeoutMs });
      return { state: 'alive', detail: `pid ${pid}` };
    } catch (error) {
      return { state: 'mute', detail: `pid ${pid}: ${explainError(error)}` };
    }
  };
  return { program, isNeeded, ...(await state()) };
}

/** kill(2) with signal 0 only asks; who may not signal a process knows that it is there. */
function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
