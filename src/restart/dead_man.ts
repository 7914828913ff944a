import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { FLOW_RESTORE_WAIT } from '../switch/restore_wait.js';

/** A process that ends the switch's wait for its flows, unless it is called off. */
export interface DeadMan {
  readonly pid: number;
  callOff(): void;
}

/**
 * Repeats until the database has taken it: ovsdb-server may be away too. `--no-wait`, since ovs-vswitchd may be.
 * Arguments: seconds, database, key.
 */
const SCRIPT = `
sleep "$1"
until ovs-vsctl --timeout=5 --no-wait --db="$2" remove Open_vSwitch . other_config "$3" 2>/dev/null; do sleep 1; done
`;

/**
 * Starts a process in a session of its own that clears `flow-restore-wait` after `afterMs`. It lives on when this process
 * is killed or its terminal goes: a switch that waits for ever would cut the host off.
 */
export async function startDeadMan(db: string, afterMs: number): Promise<DeadMan> {
  const child = spawn('sh', ['-c', SCRIPT, 'restart-switch', String(afterMs / 1000), db, FLOW_RESTORE_WAIT], {
    detached: true,
    stdio: 'ignore',
    cwd: '/',
  });
  await once(child, 'spawn');
  child.unref();
  const { pid } = child;
  if (pid === undefined) throw new Error('a process that was spawned has a pid');
  return {
    pid,
    callOff() {
      try {
        // Its process group, so that `sleep` ends too.
        process.kill(-pid, 'SIGKILL');
      } catch {
        // It has ended already.
      }
    },
  };
}
