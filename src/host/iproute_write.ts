import { constants, setPriority } from 'node:os';
import { execa } from 'execa';
import { ProductError } from '../net/errors.js';
import { ipFailure, TIMEOUT_MS } from './iproute_read.js';

/**
 * Runs one `ip` command that changes something.
 * @throws ProductError `ERR_IP`
 */
export async function runIp(...args: readonly string[]): Promise<void> {
  const { failed, stderr, shortMessage } = await execa('ip', args, {
    reject: false,
    timeout: TIMEOUT_MS,
    stdin: 'ignore',
  });
  if (failed) throw ipFailure(args, stderr || shortMessage);
}

/**
 * Runs the lines of `file` as one `ip -batch`. It reads a file and is a process group of its own, so it runs to its
 * end even if this process or its terminal goes.
 * @param force continues after a line that fails (`ip -force`), for undoing what may be half done
 * @throws ProductError `ERR_IP` with the lines that failed
 */
export async function runIpBatch(
  file: string,
  { force = false, family = undefined as 6 | undefined } = {},
): Promise<void> {
  const args = [...(family === 6 ? ['-6'] : []), ...(force ? ['-force'] : []), '-batch', file];
  const child = execa('ip', args, { reject: false, timeout: TIMEOUT_MS, stdin: 'ignore', detached: true });
  raisePriority(child.pid);
  const { failed, stderr, shortMessage } = await child;
  if (failed)
    throw new ProductError(
      'ERR_IP',
      `ip -batch ${file}: ${stderr.trim().replaceAll('\n', ' ') || shortMessage}`,
    );
}

/** The host may lack a route between two lines of a batch; a busy host must not make that last longer. */
function raisePriority(pid: number | undefined): void {
  try {
    if (pid !== undefined) setPriority(pid, constants.priority.PRIORITY_HIGHEST);
  } catch {
    // The process has ended already, or this one may not raise priorities.
  }
}
