import type { Facts } from './facts/facts.js';
import type { Known } from './known.js';

/** What a check found: `what` names the object, `remedy` what to do about a problem. */
export type Finding =
  | { readonly level: 'ok'; readonly what: string }
  | { readonly level: 'warn' | 'fail'; readonly what: string; readonly remedy: string };

/** A check: a pure function of facts that were gathered before. */
export interface Check {
  readonly name: string;
  readonly run: (facts: Facts) => readonly Finding[];
}

/** Returns a finding about something that is right. */
export function ok(what: string): Finding {
  return { level: 'ok', what };
}

/** Returns a finding about something that can do harm, or that could not be checked. */
export function warn(what: string, remedy: string): Finding {
  return { level: 'warn', what, remedy };
}

/** Returns a finding about something that does harm. */
export function fail(what: string, remedy: string): Finding {
  return { level: 'fail', what, remedy };
}

/** Returns what `look` finds in a known fact; an unknown fact is a warning. */
export function given<T>(fact: Known<T>, look: (value: T) => readonly Finding[]): readonly Finding[] {
  return fact.isKnown
    ? look(fact.value)
    : [warn(`not checked: ${fact.why}`, 'mend that first, then run doctor again')];
}

/** Returns the findings, or `good` if there are none. */
export function orElse(findings: readonly Finding[], good: string): readonly Finding[] {
  return findings.length === 0 ? [ok(good)] : findings;
}
