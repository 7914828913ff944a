import { CHECKS } from './checks/all.js';
import type { Facts } from './facts/facts.js';
import type { Examined } from './report.js';

/** Puts every check's questions to the facts; a check that has nothing to say of this host is left out. */
export function examine(facts: Facts): readonly Examined[] {
  return CHECKS.map(({ name, run }) => ({ check: name, findings: run(facts) })).filter(
    ({ findings }) => findings.length > 0,
  );
}
