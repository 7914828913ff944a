import { explainError } from '../src/net/errors.js';

/**
 * Ends the process with one line on standard error, and exit code 1, when nothing catches an error.
 * @param otherwise the remedy for a failure that is neither missing rights nor a missing program
 */
export function failInOneLine(program: string, otherwise: string): void {
  process.on('uncaughtException', (error) => {
    process.stderr.write(`${program}: ${failureLine(error, otherwise)}\n`);
    process.exit(1);
  });
}

/** Returns what failed, and the remedy, on one line. A command that failed adds the first line that it printed. */
export function failureLine(error: unknown, otherwise: string, isRoot = process.getuid?.() === 0): string {
  const lines = explainError(error).split('\n').filter(Boolean);
  const what = lines.slice(0, 2).join(': ');
  if (!isRoot) return `${what}; network namespaces need root: run this with sudo`;
  if (/ENOENT|No such file or directory/.test(what))
    return `${what}; sudo scripts/setup installs what is missing`;
  return `${what}; ${otherwise}`;
}
