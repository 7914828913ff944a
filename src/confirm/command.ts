import type { Command } from 'commander';
import { execa } from 'execa';
import { directories } from '../daemon/directories.js';
import { sleep } from '../daemon/sleep.js';
import { bootTime } from '../host/boot_time.js';
import { ProductError, UsageError } from '../net/errors.js';
import { printableLine } from '../net/printable.js';
import { keep } from './keeper.js';
import { lockMoves } from './move_lock.js';
import { isDue, UnconfirmedStore } from './unconfirmed.js';

/** Milliseconds in which an inverse command ends; a longer one hangs. */
const INVERSE_MS = 120_000;
/** The least that `--confirm` takes. */
const LEAST_SECONDS = 1;

/** Adds `confirm` to `ovn-k8s-util`. */
export function addConfirm(command: Command): void {
  command
    .command('confirm')
    .description('keep what a command with --confirm changed')
    .option('--json', 'one JSON object instead of text')
    .action((given: Record<string, unknown>) => {
      const confirmed = confirm();
      const text =
        given.json === true ? JSON.stringify({ confirmed }) : printableLine(`confirmed: ${confirmed}`);
      process.stdout.write(`${text}\n`);
    });
}

/** Adds the command that waits to take another one back: `--confirm` starts it, and the boot unit. */
export function addKeeper(command: Command): void {
  command
    .command('keep-unconfirmed', { hidden: true })
    .argument('[id]')
    .action(async (id: string | undefined) => {
      const store = new UnconfirmedStore(directories(process.env).state);
      const log = (line: string) => process.stderr.write(`${printableLine(line)}\n`);
      if (id !== undefined) store.noteKeeper(id);
      await keep(store, id, { takeBack, pause: (ms) => sleep(ms), log });
    });
}

/** Parses the value of `--confirm`, and returns milliseconds. @throws UsageError */
export function readConfirm(text: unknown): number | undefined {
  if (text === undefined) return undefined;
  const seconds = Number(text);
  if (!Number.isInteger(seconds) || seconds < LEAST_SECONDS || seconds > 86_400)
    throw new UsageError(`--confirm=${text}: give whole seconds from ${LEAST_SECONDS} to 86400`);
  return seconds * 1_000;
}

/**
 * Confirms the command that waits for it, and returns that command.
 * @throws ProductError `ERR_NOTHING_TO_CONFIRM`, or `ERR_BUSY` while the command runs or is taken back
 */
function confirm(): string {
  const { run, state } = directories(process.env);
  const store = new UnconfirmedStore(state);
  const lock = lockMoves(run);
  try {
    const one = store.read();
    if (one === undefined)
      throw new ProductError(
        'ERR_NOTHING_TO_CONFIRM',
        'no command waits to be confirmed; perhaps one was taken back',
      );
    if (isDue(one, bootTime()))
      throw new ProductError('ERR_NOTHING_TO_CONFIRM', `${one.command}: too late, it is being taken back`);
    store.remove();
    return one.command;
  } finally {
    lock.close();
  }
}

/** Runs an inverse command; returns its complaint, `undefined` after a success. */
async function takeBack(inverse: readonly string[]): Promise<string | undefined> {
  const { exitCode, all, timedOut } = await execa(process.execPath, inverse, {
    all: true,
    reject: false,
    stdin: 'ignore',
    timeout: INVERSE_MS,
    killSignal: 'SIGKILL',
  });
  if (exitCode === 0) return undefined;
  return timedOut
    ? `${inverse.slice(1).join(' ')} took longer than ${INVERSE_MS} ms`
    : all || `exit code ${exitCode}`;
}
