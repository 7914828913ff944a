import { spawnSync } from 'node:child_process';

/** Runs a process to its end and returns how many milliseconds that took. Throws if the process fails. */
export function timeProcess(
  argv: readonly [string, ...string[]],
  { input = '', env = process.env }: { readonly input?: string; readonly env?: NodeJS.ProcessEnv } = {},
): number {
  const [program, ...args] = argv;
  const start = performance.now();
  const { status, stderr, error } = spawnSync(program, args, { input, env, encoding: 'utf8' });
  const duration = performance.now() - start;
  if (status !== 0) throw new Error(`${argv.join(' ')} ended with ${status}: ${error ?? stderr}`);
  return duration;
}
