import { setTimeout as pause } from 'node:timers/promises';
import type { ApiAccess } from './access.js';

/** How often a way in that is not there, or does not work, is looked for again, in milliseconds. */
const LOOK_MS = 1_000;

export interface WaysIn {
  /** Finds the way to the API server as it is now; `undefined`: nobody says where one is. */
  find(): Promise<ApiAccess | undefined>;
  /** Whether the server is heard by the way that is followed. */
  isHeard(): boolean;
  /** Told why there is no way in, each time. */
  failed(error: unknown): void;
  readonly signal: AbortSignal;
  readonly lookMs?: number;
}

/**
 * Calls `follow` with the way in, until `signal` is aborted; its own signal is aborted, and it is called again, when
 * there is another way while the server is not heard. The files of which a way is made, a CA, a token, a kubeconfig,
 * make no news: they may come, and come anew, at any time.
 */
export async function whileReached(
  { find, isHeard, failed, signal, lookMs = LOOK_MS }: WaysIn,
  follow: (access: ApiAccess, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const wait = (until: AbortSignal) => pause(lookMs, undefined, { signal: until }).catch(() => undefined);
  const awaitAnother = async (access: ApiAccess, until: AbortSignal) => {
    while (!until.aborted) {
      await wait(until);
      // What cannot be read now may be half written.
      const now = isHeard() ? undefined : await find().catch(() => undefined);
      if (now !== undefined && now.fingerprint !== access.fingerprint) return;
    }
  };
  while (!signal.aborted) {
    try {
      const access = await find();
      if (access === undefined) return;
      const either = new AbortController();
      const end = () => either.abort();
      const until = AbortSignal.any([signal, either.signal]);
      await Promise.all([follow(access, until).finally(end), awaitAnother(access, until).finally(end)]);
    } catch (error) {
      failed(error);
      await wait(signal);
    }
  }
}
