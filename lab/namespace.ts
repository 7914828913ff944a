import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { execa } from 'execa';
import { Running } from './running.js';

/** The result of a command, with any exit code. */
export interface Outcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface Input {
  /** The command's standard input; empty by default. */
  readonly input?: string;
}

/** An operator's path, without npm's node_modules/.bin: some package has an `nft` of its own there. */
const PATH = (process.env.PATH ?? '')
  .split(':')
  .filter((folder) => !folder.includes('node_modules'))
  .join(':');

/** Milliseconds after which a command has surely hung. */
const TIMEOUT = 60_000;

/**
 * A network namespace, and methods to run programs in it.
 *
 * Commands run under `ip netns exec`, which costs 3 ms. It shows the namespace's own devices in /sys, and lays
 * /etc/netns/NAME over /etc, so files that the product writes to /etc/sysctl.d stay with the namespace.
 */
export class Namespace {
  /** Added to the environment of every command. */
  readonly env: Readonly<Record<string, string>>;

  constructor(
    readonly name: string,
    env: Readonly<Record<string, string>> = {},
  ) {
    this.env = { PATH, ...env };
  }

  /** Runs a command to its end and returns its standard output; rejects if it fails. */
  async exec(argv: readonly string[], { input = '' }: Input = {}): Promise<string> {
    const { stdout } = await execa('ip', this.#inside(argv), { env: this.env, input, timeout: TIMEOUT });
    return stdout;
  }

  /** Runs a command to its end; resolves with any exit code. */
  async attempt(argv: readonly string[], { input = '' }: Input = {}): Promise<Outcome> {
    const options = { env: this.env, input, timeout: TIMEOUT, reject: false } as const;
    const { exitCode = -1, stdout, stderr } = await execa('ip', this.#inside(argv), options);
    return { exitCode, stdout, stderr };
  }

  /** Starts a command and leaves it running. Removing the namespace kills it. */
  spawn(argv: readonly string[], env: Readonly<Record<string, string>> = {}, input = ''): Running {
    const options = { env: { ...this.env, ...env }, input, all: true, reject: false } as const;
    return new Running(argv.join(' '), execa('ip', this.#inside(argv), options));
  }

  /** Runs several commands of `ip` as one batch: `link set eth0 up`, `addr add …`. */
  async ip(...commands: readonly string[]): Promise<void> {
    await execa('ip', ['-n', this.name, '-batch', '-'], { input: `${commands.join('\n')}\n` });
  }

  async sysctl(values: Readonly<Record<string, string | number>>): Promise<void> {
    await this.exec(['sysctl', '-qw', ...Object.entries(values).map(([key, value]) => `${key}=${value}`)]);
  }

  #inside(argv: readonly string[]): string[] {
    return ['netns', 'exec', this.name, ...argv];
  }
}

/** Kills every process in the namespace and removes the namespace. Synchronous: see `Lab`. */
export function killNamespace(name: string): void {
  for (let pids = processesIn(name); pids.length > 0; pids = processesIn(name)) {
    for (const pid of pids) signal(pid, 'SIGKILL');
  }
  spawnSync('ip', ['netns', 'del', name]);
  rmSync(`/etc/netns/${name}`, { recursive: true, force: true });
}

function processesIn(name: string): number[] {
  const { stdout } = spawnSync('ip', ['netns', 'pids', name], { encoding: 'utf8' });
  return stdout.split('\n').filter(Boolean).map(Number);
}

/** Sends a signal; `0` only checks. Returns whether the process exists. */
export function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}
