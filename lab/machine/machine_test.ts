import { existsSync } from 'node:fs';
import test, { type ImplementationFn } from 'ava';
import { kubeAssets } from '../kube.js';

/** Declares a test of machines that boot. Such tests run one at a time; where they cannot run, the reason is said. */
export function machineTest(title: string, implementation: ImplementationFn<[], unknown>): void {
  declare(title, reasonNot(), implementation);
}

/** Declares a test of machines that are nodes of a cluster with a real API server. */
export function clusterMachineTest(title: string, implementation: ImplementationFn<[], unknown>): void {
  const missing = 'needs an API server: sudo scripts/kube-assets --build';
  declare(title, reasonNot() ?? (kubeAssets() === undefined ? missing : undefined), implementation);
}

function declare(
  title: string,
  why: string | undefined,
  implementation: ImplementationFn<[], unknown>,
): void {
  if (why === undefined) test.serial(title, implementation);
  else test.serial.skip(`${title} (${why})`, implementation);
}

function reasonNot(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root, for namespaces and containers';
  if (!existsSync('/usr/bin/systemd-nspawn')) return 'needs systemd-nspawn of the package systemd-container';
  return undefined;
}
