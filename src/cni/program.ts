import { execFile } from 'node:child_process';

const TIMEOUT_MS = 10_000;
/** No program of ours says more. */
const MAX_BYTES = 1024 * 1024;

export interface ProgramResult {
  readonly stdout: string;
  /** What it said on standard error, or why it could not be run; `undefined` where it succeeded. */
  readonly failure: string | undefined;
}

/**
 * Runs a program to its end. Node's own call, and not execa: to load that takes half as long again as the plugin's own
 * code, at each start.
 */
export function runProgram(program: string, args: readonly string[], input = ''): Promise<ProgramResult> {
  return new Promise((resolve) => {
    const child = execFile(
      program,
      args,
      { timeout: TIMEOUT_MS, maxBuffer: MAX_BYTES },
      (error, stdout, stderr) =>
        resolve({ stdout, failure: error === null ? undefined : oneLine(stderr) || error.message }),
    );
    // One that ended before it had read all of it has its own reason, which it says.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}

function oneLine(text: string): string {
  return text.trim().replaceAll(/\s*\n\s*/g, '; ');
}
