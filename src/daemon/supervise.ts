import { type ChildProcess, spawn } from 'node:child_process';
import { sleep } from './sleep.js';

/**
 * The processes of a daemon, each of which starts the next. `start` is the one that the operator ran; with `--detach`
 * it waits until the daemon is ready. `monitor` restarts the daemon. `daemon` does the work.
 */
export type Stage = 'start' | 'monitor' | 'daemon';

/** Tells a child process which stage it is. It is not an option, because operators never set it. */
const STAGE_VARIABLE = 'OVN_K8S_DAEMON_STAGE';

/** The least time between two restarts; the first restart is immediate (lib/daemon-unix.c, "Throttle restarts"). */
const RESTART_INTERVAL_MS = 10_000;

/** Exit code after an unexpected error (sysexits.h, EX_SOFTWARE): the monitor restarts the daemon. */
export const EXIT_SOFTWARE = 70;

/** Signals that show a fault of the program (ovs-vswitchd(8), "--monitor"). Any other end is intended. */
const FAULTS: readonly (NodeJS.Signals | null)[] = [
  'SIGABRT',
  'SIGALRM',
  'SIGBUS',
  'SIGFPE',
  'SIGILL',
  'SIGPIPE',
  'SIGSEGV',
  'SIGXCPU',
  'SIGXFSZ',
];

export function currentStage(env: NodeJS.ProcessEnv): Stage {
  const stage = env[STAGE_VARIABLE];
  return stage === 'monitor' || stage === 'daemon' ? stage : 'start';
}

/** Tells the parent process that the daemon is ready, and closes the channel to it. */
export function tellReady(): void {
  if (process.send === undefined || !process.connected) return;
  process.send('ready', () => process.disconnect());
}

/**
 * Starts the next stage in a session of its own, passes its standard error on, and waits until it is ready.
 * @returns the exit code for the operator's shell: 0 if the daemon is ready, else the child's exit code
 */
export async function detach(next: Stage): Promise<number> {
  const child = spawnStage(next, { detached: true });
  child.stderr?.pipe(process.stderr);
  const outcome = await new Promise<number>((resolve) => {
    child.once('message', () => resolve(0));
    child.once('exit', (code) => resolve(code === null || code === 0 ? 1 : code));
  });
  child.unref();
  child.stderr?.destroy();
  return outcome;
}

/** Runs the daemon, restarts it after a fault, and returns its exit code after any other end. */
export async function monitor(report: (message: string) => void): Promise<number> {
  for (let lastRestart = -RESTART_INTERVAL_MS; ; lastRestart = performance.now()) {
    const child = spawnStage('daemon', { detached: false });
    child.once('message', tellReady);
    child.stderr?.pipe(process.stderr);
    const forward = (signal: NodeJS.Signals) => child.kill(signal);
    process.on('SIGTERM', forward);
    process.on('SIGINT', forward);
    process.on('SIGHUP', forward);
    const [code, signal] = await ended(child);
    for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.off(name, forward);
    if (code !== EXIT_SOFTWARE && !FAULTS.includes(signal)) return code ?? 1;
    report(`daemon died (${signal ?? `exit code ${code}`}), restarting`);
    await sleep(Math.max(0, RESTART_INTERVAL_MS - (performance.now() - lastRestart)));
  }
}

function spawnStage(stage: Stage, { detached }: { detached: boolean }): ChildProcess {
  const [script = '', ...args] = process.argv.slice(1);
  return spawn(process.execPath, [...process.execArgv, script, ...args], {
    detached,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: { ...process.env, [STAGE_VARIABLE]: stage },
  });
}

function ended(child: ChildProcess): Promise<[number | null, NodeJS.Signals | null]> {
  return new Promise((resolve) => child.once('exit', (code, signal) => resolve([code, signal])));
}
