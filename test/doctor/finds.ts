import test from 'ava';
import { examine } from '../../src/doctor/examine.js';
import type { Facts } from '../../src/doctor/facts/facts.js';
import { HEALTHY } from './healthy.js';

/** What is wrong, how badly, and in what words that must be said. */
export type Case = readonly [title: string, change: Partial<Facts>, level: 'warn' | 'fail', words: RegExp];

/** A test a case: on a host on which all else is well this check says what is wrong, and what to do. */
export function finds(check: string, cases: readonly Case[]): void {
  for (const [title, change, level, words] of cases) {
    test(`${check} ${level === 'fail' ? 'fails' : 'warns'}, with a remedy: ${title}`, (t) => {
      const examined = examine({ ...HEALTHY, ...change });
      const findings = examined.find((one) => one.check === check)?.findings ?? [];
      const found = findings.find((one) => one.level === level && words.test(one.what));
      t.truthy(found, JSON.stringify(findings, undefined, 1));
      t.true(found !== undefined && found.level !== 'ok' && found.remedy.length > 10);
    });
  }
}
