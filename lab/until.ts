import { setTimeout as pause } from 'node:timers/promises';

/** Polls `ask` until it returns a value, for conditions without an event. Throws after the deadline, naming `what`. */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined> | T | undefined,
  deadlineMs = 10_000,
): Promise<T> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const found = await ask();
    if (found !== undefined) return found;
    if (performance.now() > end) throw new Error(`waited ${deadlineMs} ms for ${what}`);
    await pause(5);
  }
}

/** Turns a condition into a result for `until`. */
export function when(condition: boolean): true | undefined {
  return condition ? true : undefined;
}
