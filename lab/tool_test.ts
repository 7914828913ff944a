import { spawnSync } from 'node:child_process';
import test, { type ImplementationFn } from 'ava';

/**
 * Declares a test that runs programs which `scripts/setup package` installs; `root` stands for the rights of root. Without
 * one of them, the test is skipped with the reason. Such tests of a file run one at a time.
 */
export function toolTest(
  programs: readonly string[],
  title: string,
  implementation: ImplementationFn<[], unknown>,
): void {
  const missing = programs.filter((program) => !isInstalled(program));
  if (missing.length === 0) test.serial(title, implementation);
  else test.serial.skip(`${title} (needs ${missing.join(', ')}: scripts/setup package)`, implementation);
}

function isInstalled(program: string): boolean {
  if (program === 'root') return process.getuid?.() === 0;
  return spawnSync('sh', ['-c', 'command -v "$1"', 'sh', program]).status === 0;
}
