import { join } from 'node:path';
import { readDaemonState } from '../daemon/daemon_state.js';
import { type Directories, directories } from '../daemon/directories.js';
import { readLastLines } from '../daemon/log_reader.js';
import { explainError } from '../net/errors.js';
import { printable } from '../net/printable.js';
import type { LocalDatabase } from './connection.js';

const PROGRAM = 'ovs-vswitchd';
/** How long ovs-vswitchd may take to say that it is there, in milliseconds. */
const ANSWER_MS = 1_000;
/** How many lines of its log, and how many interfaces, are quoted. */
const MOST_QUOTES = 3;

/**
 * Returns what Open vSwitch says about why it has not done something since `since`: whether ovs-vswitchd runs, the errors
 * of its interfaces, and the warnings and errors that it logged. Never fails.
 */
export async function switchWords(
  since: Date,
  db: LocalDatabase | undefined,
  { run, log }: Pick<Directories, 'run' | 'log'> = directories(process.env),
): Promise<string> {
  const logFile = join(log, `${PROGRAM}.log`);
  const [state, logged] = await Promise.all([stateIn(run), logSince(logFile, since)]);
  const quotes = [...(db === undefined ? [] : interfaceErrors(db)), ...logged];
  if (quotes.length > 0) return `${state}; ${quotes.join('; ')}`;
  return `${state}, and logged no warning in ${logFile}`;
}

/** Returns whether ovs-vswitchd answers on its control socket. */
export async function answersOnSocket(rundir: string): Promise<boolean> {
  try {
    return (await readDaemonState(rundir, PROGRAM, ANSWER_MS)).state === 'alive';
  } catch {
    return false;
  }
}

async function stateIn(rundir: string): Promise<string> {
  try {
    const { state, detail } = await readDaemonState(rundir, PROGRAM, ANSWER_MS);
    if (state === 'alive') return `${PROGRAM} runs (${detail})`;
    return state === 'mute' ? `${PROGRAM} does not answer (${detail})` : `${PROGRAM} does not run: ${detail}`;
  } catch (error) {
    return `${PROGRAM}: ${explainError(error)}`;
  }
}

function interfaceErrors(db: LocalDatabase): string[] {
  return [...db.table('Interface').values()]
    .flatMap(({ name, error }) => (error === undefined ? [] : [`port ${name}: ${printable(error)}`]))
    .slice(0, MOST_QUOTES);
}

async function logSince(path: string, since: Date): Promise<string[]> {
  try {
    const lines = await readLastLines(path, ['WARN', 'ERR', 'EMER'], MOST_QUOTES);
    return lines.filter(({ at }) => at >= since).map(({ text }) => `its log: ${printable(text)}`);
  } catch (error) {
    return [`its log: ${explainError(error)}`];
  }
}
