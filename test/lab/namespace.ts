import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { execa, type Options, type ResultPromise } from 'execa';

/** What a command did, whatever its exit code. */
export interface Outcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * A network namespace, and the way to run programs in it.
 *
 * Commands run under `ip netns exec`, which costs 3 ms, shows the namespace's own devices in /sys, and lays
 * /etc/netns/NAME over /etc: what the product writes in /etc/sysctl.d stays with the namespace.
 */
export class Namespace {
  constructor(
    readonly name: string,
    /** Added to the environment of every command. */
    readonly env: Readonly<Record<string, string>> = {},
  ) {}

  /** Runs a command to its end and answers its standard output; rejects when it fails. */
  async exec(argv: readonly string[], options: { readonly input?: string } = {}): Promise<string> {
    const { stdout } = await this.#start(argv, { ...options, timeout: 60_000 });
    return String(stdout);
  }

  /** Runs a command to its end, whatever that is. */
  async attempt(argv: readonly string[], options: { readonly input?: string } = {}): Promise<Outcome> {
    const { exitCode, stdout, stderr } = await this.#start(argv, {
      ...options,
      timeout: 60_000,
      reject: false,
    });
    return { exitCode: exitCode ?? -1, stdout: String(stdout), stderr: String(stderr) };
  }

  /** Starts a command that stays; it dies with the namespace. */
  spawn(argv: readonly string[]): ResultPromise<{ reject: false; buffer: false }> {
    return this.#start(argv, { reject: false, buffer: false }) as ResultPromise<{
      reject: false;
      buffer: false;
    }>;
  }

  /** Gives `ip` several commands at once: `link set eth0 up`, `addr add …`. */
  async ip(...commands: readonly string[]): Promise<void> {
    await execa('ip', ['-n', this.name, '-batch', '-'], { input: `${commands.join('\n')}\n` });
  }

  async sysctl(values: Readonly<Record<string, string | number>>): Promise<void> {
    await this.exec(['sysctl', '-qw', ...Object.entries(values).map(([key, value]) => `${key}=${value}`)]);
  }

  #start(argv: readonly string[], options: Options): ResultPromise {
    return execa('ip', ['netns', 'exec', this.name, ...argv], { ...options, env: this.env });
  }
}

export async function openNamespace(name: string): Promise<Namespace> {
  await execa('ip', ['netns', 'add', name]);
  mkdirSync(`/etc/netns/${name}/sysctl.d`, { recursive: true });
  const namespace = new Namespace(name);
  await namespace.ip('link set lo up');
  return namespace;
}

/** Ends every process in the namespace by its id, and removes it. Synchronous: see `Lab`. */
export function killNamespace(name: string): void {
  for (let pids = processesIn(name); pids.length > 0; pids = processesIn(name)) {
    spawnSync('kill', ['-KILL', ...pids]);
  }
  spawnSync('ip', ['netns', 'del', name]);
  rmSync(`/etc/netns/${name}`, { recursive: true, force: true });
}

function processesIn(name: string): string[] {
  const { stdout } = spawnSync('ip', ['netns', 'pids', name], { encoding: 'utf8' });
  return stdout.split('\n').filter((line) => line !== '');
}
