import { readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { isProcessAlive } from './process_alive.js';

/**
 * Removes the control sockets that earlier processes of a program left because they were killed. A socket stays if its
 * process is alive, or if it is listened to: a container can have the same directory and other process IDs.
 */
export async function removeDeadSockets(rundir: string, program: string): Promise<void> {
  for (const file of filesIn(rundir)) {
    if (!file.startsWith(`${program}.`)) continue;
    const [, pid] = /^\.(\d+)\.ctl$/.exec(file.slice(program.length)) ?? [];
    const path = join(rundir, file);
    if (pid === undefined || isProcessAlive(Number(pid)) || !(await isRefused(path))) continue;
    try {
      rmSync(path, { force: true });
    } catch {
      // It stays, and harms nobody.
    }
  }
}

function filesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** Returns whether nobody listens to a socket. */
function isRefused(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const client = connect(path, () => {
      client.destroy();
      resolve(false);
    });
    client.on('error', (error) => resolve('code' in error && error.code === 'ECONNREFUSED'));
  });
}
