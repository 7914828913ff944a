import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { killNamespace, Namespace, signal } from './namespace.js';

/**
 * One test's corner of this machine: namespaces and a directory, all named `PREFIX-PID-N…`, and gone together.
 *
 * Disposal is synchronous so that it also runs from `process.on('exit')`: after Ctrl-C, after a test that
 * threw, after ava ended the worker. A run that was killed outright is swept up by the next one.
 */
export class Lab {
  readonly dir: string;
  readonly #dispose = () => this.dispose();

  private constructor(readonly name: string) {
    this.dir = join(tmpdir(), name);
    mkdirSync(this.dir);
    process.on('exit', this.#dispose);
  }

  /** `prefix` tells labs apart that must not be swept: a kept demo outlives its process. */
  static open(prefix = 'lab'): Lab {
    sweep();
    exitOnSignals();
    opened += 1;
    return new Lab(`${prefix}-${process.pid}-${opened}`);
  }

  /** A new network namespace, with loopback up, and `env` added to the environment of what runs in it. */
  async namespace(label: string, env: Readonly<Record<string, string>> = {}): Promise<Namespace> {
    const namespace = new Namespace(`${this.name}-${label}`, env);
    await execa('ip', ['netns', 'add', namespace.name]);
    mkdirSync(`/etc/netns/${namespace.name}/sysctl.d`, { recursive: true });
    await namespace.ip('link set lo up');
    return namespace;
  }

  /** Leaves everything up after this process. */
  keep(): void {
    process.off('exit', this.#dispose);
  }

  dispose(): void {
    this.keep();
    removeLab(this.name);
  }
}

let opened = 0;
let handlingSignals = false;

function exitOnSignals(): void {
  if (handlingSignals) return;
  handlingSignals = true;
  process.once('SIGINT', () => process.exit(130));
  process.once('SIGTERM', () => process.exit(143));
}

/** Ends what runs in a lab and removes its namespaces and its directory. */
export function removeLab(name: string): void {
  for (const namespace of listed('/run/netns')) {
    if (namespace.startsWith(`${name}-`)) killNamespace(namespace);
  }
  rmSync(join(tmpdir(), name), { recursive: true, force: true });
}

/** The names of the labs that there are with this prefix. */
export function labsNamed(prefix: string): string[] {
  return listed(tmpdir()).filter((name) => new RegExp(`^${prefix}-\\d+-\\d+$`).test(name));
}

/** Removes what test runs left that were killed before they could: theirs are the names of dead processes. */
function sweep(): void {
  for (const name of labsNamed('lab')) {
    if (!signal(Number(name.split('-')[1]), 0)) removeLab(name);
  }
}

function listed(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}
