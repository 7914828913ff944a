import test, { type ImplementationFn } from 'ava';

const isRoot = process.getuid?.() === 0;

/** Declares a test on a lab. Such tests of a file run one at a time. Without root, they are skipped with the reason. */
export function labTest(title: string, implementation: ImplementationFn<[], unknown>): void {
  if (isRoot) test.serial(title, implementation);
  else test.serial.skip(`${title} (needs root, for namespaces and Open vSwitch)`, implementation);
}
