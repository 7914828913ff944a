import { readDaemonState } from '../../daemon/daemon_state.js';
import type { Directories } from '../../daemon/directories.js';
import { GATEWAY_HELPER, NODE_DAEMON, WATCHER } from '../../daemon/programs.js';
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

/** Finds a daemon by its pidfile, and asks it for its version. */
export async function readDaemon(
  { program, rundir, isNeeded }: Program,
  timeoutMs: number,
): Promise<DaemonFacts> {
  return { program, isNeeded, ...(await readDaemonState(rundir, program, timeoutMs)) };
}
