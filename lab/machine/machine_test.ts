import { existsSync } from 'node:fs';
import test, { type ImplementationFn } from 'ava';

/** Declares a test of machines that boot. Such tests run one at a time; where they cannot run, the reason is said. */
export function machineTest(title: string, implementation: ImplementationFn<[], unknown>): void {
  const why = reasonNot();
  if (why === undefined) test.serial(title, implementation);
  else test.serial.skip(`${title} (${why})`, implementation);
}

function reasonNot(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root, for namespaces and containers';
  if (!existsSync('/usr/bin/systemd-nspawn')) return 'needs systemd-nspawn of the package systemd-container';
  return undefined;
}
