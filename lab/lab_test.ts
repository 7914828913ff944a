import test, { type ImplementationFn } from 'ava';

const isRoot = process.getuid?.() === 0;

/** A test on a lab: one after the other within a file, and skipped, with the reason, where no lab can be. */
export function labTest(title: string, implementation: ImplementationFn<[], unknown>): void {
  if (isRoot) test.serial(title, implementation);
  else test.serial.skip(`${title} (needs root, for namespaces and Open vSwitch)`, implementation);
}
