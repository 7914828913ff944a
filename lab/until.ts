import { setTimeout as pause } from 'node:timers/promises';

/** Asks again until `ask` returns something, for things that make no news; fails with `what` after the deadline. */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined> | T | undefined,
  deadlineMs = 10_000,
): Promise<T> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const found = await ask();
    if (found !== undefined) return found;
    if (performance.now() > end) throw new Error(`not within ${deadlineMs} ms: ${what}`);
    await pause(5);
  }
}

/** For `until`: `true` when it holds. */
export function when(condition: boolean): true | undefined {
  return condition ? true : undefined;
}
