import { sleep } from '../daemon/sleep.js';
import type { ApiAccess } from './access.js';

/** How often access that is missing, or does not work, is looked for again, in milliseconds. */
const RETRY_MS = 1_000;

export interface FollowOptions {
  /** Finds the API server and credentials as configured now; `undefined` if no server is configured. */
  find(): Promise<ApiAccess | undefined>;
  /** Whether the server that is followed now answers. */
  isAnswering(): boolean;
  /** Receives the error each time that `find` or `follow` fails. */
  failed(error: unknown): void;
  readonly signal: AbortSignal;
  readonly retryMs?: number;
}

/**
 * Runs `follow` with the current access until `signal` is aborted. If the server goes silent and another server or
 * other credentials are found, aborts the signal of `follow` and runs it again with those.
 *
 * The files behind an access (a CA, a token, a kubeconfig) can appear or change at any time without an event, so they
 * are read again once per `retryMs` while the server is silent.
 */
export async function whileReached(
  { find, isAnswering, failed, signal, retryMs = RETRY_MS }: FollowOptions,
  follow: (access: ApiAccess, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const awaitOther = async (access: ApiAccess, until: AbortSignal) => {
    while (!until.aborted) {
      await sleep(retryMs, until);
      // A file that cannot be read now may be half written.
      const now = isAnswering() ? undefined : await find().catch(() => undefined);
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
      await Promise.all([follow(access, until).finally(end), awaitOther(access, until).finally(end)]);
    } catch (error) {
      failed(error);
      await sleep(retryMs, signal);
    }
  }
}
