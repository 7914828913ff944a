import type { Facts } from './facts/facts.js';
import type { Known } from './known.js';

/** What a check found: `what` names the object; `remedy` is what to do about it, where it is not `ok`. */
export type Finding =
  | { readonly level: 'ok'; readonly what: string }
  | { readonly level: 'warn' | 'fail'; readonly what: string; readonly remedy: string };

/** One group of questions that the facts answer. Pure: whatever it needs was gathered before. */
export interface Check {
  readonly name: string;
  readonly run: (facts: Facts) => readonly Finding[];
}

export function ok(what: string): Finding {
  return { level: 'ok', what };
}

/** Something that can hurt, or that could not be found out. */
export function warn(what: string, remedy: string): Finding {
  return { level: 'warn', what, remedy };
}

/** Something that does hurt. */
export function fail(what: string, remedy: string): Finding {
  return { level: 'fail', what, remedy };
}

/** What `look` finds in something known; what is not known is a finding too. */
export function given<T>(fact: Known<T>, look: (value: T) => readonly Finding[]): readonly Finding[] {
  return fact.isKnown
    ? look(fact.value)
    : [warn(`not checked: ${fact.why}`, 'see to that first, then run doctor again')];
}

/** `good` where nothing was found. */
export function orElse(findings: readonly Finding[], good: string): readonly Finding[] {
  return findings.length === 0 ? [ok(good)] : findings;
}
