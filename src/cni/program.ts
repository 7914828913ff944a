import { execFile } from 'node:child_process';
import { CniError, CODES } from './errors.js';

const TIMEOUT_MS = 10_000;
/** More than any program here prints. */
const MAX_BYTES = 1024 * 1024;

export interface ProgramResult {
  readonly stdout: string;
  /** Standard error on one line, or why the program could not be run; `undefined` if it succeeded. */
  readonly failure: string | undefined;
}

export type RunProgram = (program: string, args: readonly string[], input?: string) => Promise<ProgramResult>;

/**
 * Runs a program to its end. Uses Node's own call: loading execa would add half of what the plugin's own code takes to
 * load, at each start.
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
    // A program that ends before it has read all its input says why on standard error.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}

/** Runs a program; returns its standard output. @throws CniError with its standard error */
export async function runOrFail(
  run: RunProgram,
  program: string,
  args: readonly string[],
  what: string,
  input?: string,
): Promise<string> {
  const { stdout, failure } = await run(program, args, input);
  if (failure !== undefined) throw new CniError(CODES.inputOutput, `${what}: ${failure}`);
  return stdout;
}

function oneLine(text: string): string {
  return text.trim().replaceAll(/\s*\n\s*/g, '; ');
}
