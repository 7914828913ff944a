// Labs: hosts, clusters and traffic in network namespaces of this machine.
// Tests, benchmarks and the demo share them. Every host runs its own Open vSwitch, and OVN where it is needed.
// This file names and removes labs; host.ts, cluster.ts and kube_cluster.ts fill them.
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { killNamespace, Namespace, signal } from './namespace.js';

/**
 * A lab: namespaces and a directory, all named `PREFIX-PID-N…`, which are removed together.
 *
 * Disposal is synchronous, so it also runs from `process.on('exit')`: after Ctrl-C, after a test threw, after ava ended
 * the worker. The next lab removes what a killed run left.
 */
export class Lab {
  readonly dir: string;
  readonly #dispose = () => this.dispose();

  private constructor(readonly name: string) {
    this.dir = join(tmpdir(), name);
    mkdirSync(this.dir);
    process.on('exit', this.#dispose);
  }

  /** Opens a lab. Only labs with the prefix `lab` are swept: a kept demo outlives its process. */
  static open(prefix = 'lab'): Lab {
    sweep();
    exitOnSignals();
    opened += 1;
    return new Lab(`${prefix}-${process.pid}-${opened}`);
  }

  /** Makes a network namespace with loopback up. Programs that run in it get `env` in their environment. */
  async namespace(label: string, env: Readonly<Record<string, string>> = {}): Promise<Namespace> {
    const namespace = new Namespace(`${this.name}-${label}`, env);
    await execa('ip', ['netns', 'add', namespace.name]);
    mkdirSync(`/etc/netns/${namespace.name}/sysctl.d`, { recursive: true });
    await namespace.ip('link set lo up');
    return namespace;
  }

  /** Keeps the lab after this process. */
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

/** Kills the processes of a lab, and removes its namespaces and its directory. */
export function removeLab(name: string): void {
  for (const namespace of listed('/run/netns')) {
    if (namespace.startsWith(`${name}-`)) killNamespace(namespace);
  }
  rmSync(join(tmpdir(), name), { recursive: true, force: true });
}

/** Returns the names of all existing labs with this prefix. */
export function labsNamed(prefix: string): string[] {
  return listed(tmpdir()).filter((name) => new RegExp(`^${prefix}-\\d+-\\d+$`).test(name));
}

/** Removes the labs of killed test runs: their names have the IDs of dead processes. */
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
