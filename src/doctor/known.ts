import { explainError } from '../net/errors.js';

/** A fact about this host or another one, or the reason why it is unknown. */
export type Known<T> =
  | { readonly isKnown: true; readonly value: T }
  | { readonly isKnown: false; readonly why: string };

export function known<T>(value: T): Known<T> {
  return { isKnown: true, value };
}

export function unknown(why: string): Known<never> {
  return { isKnown: false, why };
}

/** Runs `question` for at most `timeoutMs`; if it fails or is late, the fact is unknown, with the reason. */
export async function ask<T>(what: string, timeoutMs: number, question: () => Promise<T>): Promise<Known<T>> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Known<never>>((resolve) => {
    timer = setTimeout(() => resolve(unknown(`${what}: no answer within ${timeoutMs} ms`)), timeoutMs);
  });
  const answer = question().then(known, (error: unknown) => unknown(explainError(error)));
  const first = await Promise.race([answer, late]);
  clearTimeout(timer);
  return first;
}
