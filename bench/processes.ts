import { spawnSync } from 'node:child_process';

/** How long a process takes from its start to its end, in milliseconds; fails when it does. */
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
