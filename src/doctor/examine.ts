import { CHECKS } from './checks/all.js';
import type { Facts } from './facts/facts.js';
import type { Examined } from './report.js';

/** Runs every check on the facts; omits a check without findings. */
export function examine(facts: Facts): readonly Examined[] {
  return CHECKS.map(({ name, run }) => ({ check: name, findings: run(facts) })).filter(
    ({ findings }) => findings.length > 0,
  );
}
