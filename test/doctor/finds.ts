import test, { type ExecutionContext } from 'ava';
import { examine } from '../../src/doctor/examine.js';
import type { Facts } from '../../src/doctor/facts/facts.js';
import type { Finding } from '../../src/doctor/finding.js';
import { HEALTHY } from './healthy.js';

/** A problem of one fact, and the finding that a check must report for it. */
export type Case = readonly [
  title: string,
  change: Partial<Facts>,
  level: 'warn' | 'fail',
  words: RegExp,
  /** Problems that the same change makes other checks, or other parts of this one, report: `CHECK: WORDS`. */
  also?: readonly RegExp[],
];

/** Makes a test of each case: on an otherwise healthy host the check reports this problem and no other. */
export function finds(check: string, cases: readonly Case[]): void {
  for (const [title, change, level, words, also = []] of cases) {
    test(`${check} ${level === 'fail' ? 'fails' : 'warns'}, with a remedy: ${title}`, (t) => {
      const problems = problemsOf({ ...HEALTHY, ...change });
      const found = problems.find(
        (one) => one.check === check && one.level === level && words.test(one.what),
      );
      t.truthy(found, JSON.stringify(problems, undefined, 1));
      t.true((found?.remedy.length ?? 0) > 10);
      const texts = problems.filter((one) => one !== found).map((one) => `${one.check}: ${one.what}`);
      expectEach(t, texts, also);
    });
  }
}

/** A healthy host has no problems, so whatever an examined host has beyond the expected ones is an over-eager check. */
function expectEach(t: ExecutionContext, texts: readonly string[], patterns: readonly RegExp[]): void {
  const unexpected = texts.filter((text) => !patterns.some((pattern) => pattern.test(text)));
  t.deepEqual(unexpected, [], 'a check also reports what is right');
  const unused = patterns.filter((pattern) => !texts.some((text) => pattern.test(text)));
  t.deepEqual(unused.map(String), [], 'an expected problem is not reported');
}

function problemsOf(facts: Facts) {
  return examine(facts).flatMap(({ check, findings }) =>
    findings.filter(isProblem).map((finding) => ({ check, ...finding })),
  );
}

function isProblem(finding: Finding): finding is Exclude<Finding, { level: 'ok' }> {
  return finding.level !== 'ok';
}
