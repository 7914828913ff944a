import test, { type ImplementationFn } from 'ava';
import { kubeAssets } from './kube.js';
import { labTest } from './lab_test.js';

/** Declares a test that needs a real API server. Without one, the test is skipped with the reason. */
export function kubeTest(title: string, implementation: ImplementationFn<[], unknown>): void {
  if (kubeAssets() !== undefined) labTest(title, implementation);
  else test.serial.skip(`${title} (needs an API server: sudo scripts/kube-assets --build)`, implementation);
}
