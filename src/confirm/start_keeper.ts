import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { directories } from '../daemon/directories.js';
import { sleep } from '../daemon/sleep.js';
import { explainError, ProductError } from '../net/errors.js';
import type { UnconfirmedStore } from './unconfirmed.js';

/** Milliseconds in which the keeper starts on a busy machine. */
const START_MS = 15_000;
const LOOK_MS = 20;
/** The namespaces of a process that it shares with a service of systemd. */
const NAMESPACES = ['net', 'mnt', 'pid', 'uts', 'ipc'] as const;
/** What the executables read from the environment. */
const VARIABLES = /^(PATH|OVS_[A-Z]+|OVN_[A-Z0-9_]+)$/;

/**
 * Starts the process that takes command `id` back unless it is confirmed, and waits until that process works. It is a
 * service of its own where systemd runs: it outlives the session, also with `KillUserProcesses=yes` (logind.conf(5)), and
 * is started again if it is killed. Elsewhere it is a process in a session of its own (setsid(2)).
 * @throws ProductError `ERR_KEEPER`
 */
export async function startKeeper(
  store: UnconfirmedStore,
  id: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<void> {
  const argv = [process.execPath, process.argv[1] ?? '', 'keep-unconfirmed', id];
  try {
    if (isUnderSystemd()) await startService(id, argv, env);
    else startSession(argv, env);
    for (const end = performance.now() + START_MS; !store.hasKeeper(id); await sleep(LOOK_MS))
      if (performance.now() > end) throw new Error(`it did not start within ${START_MS} ms`);
  } catch (error) {
    throw new ProductError(
      'ERR_KEEPER',
      `cannot start the process that takes the command back, so nothing was changed: ${explainError(error)}`,
    );
  }
}

/** Returns whether a service of systemd, the process 1, sees the same network and files as this process. */
function isUnderSystemd(): boolean {
  if (!existsSync('/run/systemd/system')) return false;
  try {
    return NAMESPACES.every(
      (name) => readlinkSync(`/proc/self/ns/${name}`) === readlinkSync(`/proc/1/ns/${name}`),
    );
  } catch {
    return false;
  }
}

async function startService(id: string, argv: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const variables = Object.entries(env).filter(([name]) => VARIABLES.test(name));
  await execa('systemd-run', [
    ...['--quiet', '--collect', `--unit=ovn-k8s-unconfirmed-${id}`, '--service-type=exec'],
    '--description=Takes a command back unless ovn-k8s-util confirm comes in time',
    ...['--property=Restart=on-failure', '--property=RestartSec=1', '--property=StartLimitIntervalSec=0'],
    ...variables.map(([name, value]) => `--setenv=${name}=${value}`),
    ...argv,
  ]);
}

function startSession([program = '', ...args]: readonly string[], env: NodeJS.ProcessEnv): void {
  const log = openLog(env);
  try {
    const output = log ?? 'ignore';
    // `detached` calls setsid(2): no terminal's hang-up and no signal to the command's process group reaches it.
    spawn(program, args, { detached: true, cwd: '/', env, stdio: ['ignore', output, output] }).unref();
  } finally {
    if (log !== undefined) closeSync(log);
  }
}

function openLog(env: NodeJS.ProcessEnv): number | undefined {
  const { packageLog, log } = directories(env);
  const folder = [packageLog, log].find((path) => existsSync(path));
  return folder === undefined ? undefined : openSync(join(folder, 'ovn-k8s-util.log'), 'a', 0o640);
}
