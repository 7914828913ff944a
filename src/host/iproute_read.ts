import { execa } from 'execa';
import { ProductError } from '../net/errors.js';
import { parseIpJson, type Shape } from './ip_json.js';

export const TIMEOUT_MS = 5_000;
/** How often a dump is read that the kernel's tables interrupt by changing; `ip` reports that on standard error. */
const MAX_TRIES = 5;

/**
 * Returns what a `show` command of `ip` prints.
 * @throws ProductError `ERR_IP`
 */
export async function readIpText(...args: readonly string[]): Promise<string> {
  const { stdout, failed, stderr, shortMessage } = await show(args);
  if (failed) throw ipFailure(args, stderr || shortMessage);
  return stdout;
}

/**
 * Returns the objects that a `show` command of `ip` prints with `-json`; reads again after an interrupted dump.
 * @throws ProductError `ERR_IP`
 */
export async function readIpJson<T>(shape: Shape, ...args: readonly string[]): Promise<T[]> {
  for (let tries = 1; ; tries++) {
    const { stdout, stderr, failed, shortMessage } = await show(['-json', ...args]);
    const wasInterrupted = stderr.includes('Dump was interrupted');
    if (failed && !wasInterrupted) throw ipFailure(args, stderr || shortMessage);
    if (!wasInterrupted) return parseIpJson<T>(stdout, shape);
    if (tries === MAX_TRIES)
      throw ipFailure(args, `the kernel's tables changed during each of ${tries} reads`);
  }
}

export function ipFailure(args: readonly string[], why = 'failed'): ProductError {
  return new ProductError('ERR_IP', `ip ${args.join(' ')}: ${why.split('\n')[0]}`);
}

function show(args: readonly string[]) {
  return execa('ip', args, { reject: false, timeout: TIMEOUT_MS, stdin: 'ignore' });
}
