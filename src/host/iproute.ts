import { constants, setPriority } from 'node:os';
import { execa } from 'execa';
import { ProductError } from '../net/errors.js';

const TIMEOUT_MS = 5_000;
/** A dump that the kernel changed under `ip`'s hands is asked for again; it says so itself. */
const TRIES = 5;

/**
 * Runs the lines as one `ip -batch`, from a file and apart from this process, so that all of it is done even if this
 * process or its terminal goes.
 * @param force goes on after a line that fails, for undoing what may be half done
 * @throws ProductError `ERR_IP` with the lines that failed
 */
export async function runBatch(
  file: string,
  { force = false, family = undefined as 6 | undefined } = {},
): Promise<void> {
  const args = [...(family === 6 ? ['-6'] : []), ...(force ? ['-force'] : []), '-batch', file];
  const child = execa('ip', args, { reject: false, timeout: TIMEOUT_MS, stdin: 'ignore', detached: true });
  hurry(child.pid);
  const { failed, stderr, shortMessage } = await child;
  if (failed)
    throw new ProductError(
      'ERR_IP',
      `ip -batch ${file}: ${stderr.trim().replaceAll('\n', ' ') || shortMessage}`,
    );
}

/** Between two lines of a batch the host may be without a route: on a busy host, too, not for longer than it takes. */
function hurry(pid: number | undefined): void {
  try {
    if (pid !== undefined) setPriority(pid, constants.priority.PRIORITY_HIGHEST);
  } catch {
    // It has ended already, or this is not allowed here.
  }
}

/** Runs one `ip` command. */
export async function ip(...args: readonly string[]): Promise<void> {
  await output(...args);
}

/** @throws ProductError `ERR_IP` */
export async function output(...args: readonly string[]): Promise<string> {
  const { stdout, failed, stderr, shortMessage } = await run(args);
  if (failed) throw failureOf(args, stderr || shortMessage);
  return stdout;
}

export async function dump<T>(...args: readonly string[]): Promise<T[]> {
  for (let tries = 1; ; tries++) {
    const { stdout, stderr, failed, shortMessage } = await run(['-json', ...args]);
    const wasInterrupted = stderr.includes('Dump was interrupted');
    if (failed && !wasInterrupted) throw failureOf(args, stderr || shortMessage);
    // ip prints empty objects for entries that a filter left out.
    if (!wasInterrupted)
      return (JSON.parse(stdout || '[]') as T[]).filter((one) => Object.keys(one as object).length > 0);
    if (tries === TRIES) throw failureOf(args, "the kernel's tables never stood still");
  }
}

function run(args: readonly string[]) {
  return execa('ip', args, { reject: false, timeout: TIMEOUT_MS, stdin: 'ignore' });
}

function failureOf(args: readonly string[], why = 'failed'): ProductError {
  return new ProductError('ERR_IP', `ip ${args.join(' ')}: ${why.split('\n')[0]}`);
}
