import { Backoff } from '../daemon/backoff.js';
import type { Problems } from '../daemon/problems.js';
import { sleep } from '../daemon/sleep.js';
import { explainError, ProductError } from '../net/errors.js';
import { connectNorthbound, type Northbound } from '../ovn/connection.js';
import { DatabaseUnreachable } from '../ovsdb/errors.js';

/** How long the first copy of the database may take, in milliseconds. A quiet machine copies 50,000 ports in 2.6 s. */
const COPY_MS = 10_000;
/** When a database that has not answered is reported, and the first wait before another attempt, in milliseconds. */
const LATE_MS = 1_000;
/** The owner, in the problems, of the reason why no cluster can be followed. */
export const START = 'start';

/** Connects to the northbound database, however long it takes. @throws ProductError if its address is not configured */
export async function awaitNorthbound(
  systemIds: ReadonlyMap<string, string>,
  problems: Pick<Problems, 'set'>,
  signal: AbortSignal,
): Promise<Northbound | undefined> {
  const backoff = new Backoff({ firstMs: LATE_MS });
  let isReported = false;
  while (!signal.aborted) {
    const late = setTimeout(() => {
      if (!isReported) problems.set(START, ['waiting for the OVN_Northbound database']);
    }, LATE_MS);
    // Ends the attempt only: a client that is connected lasts until the last step is done.
    const attempt = new AbortController();
    const end = () => attempt.abort();
    signal.addEventListener('abort', end, { once: true });
    try {
      const nb = await connectNorthbound(systemIds, COPY_MS, attempt.signal);
      problems.set(START, []);
      return nb;
    } catch (error) {
      if (error instanceof ProductError && error.code === 'ERR_NOT_CONFIGURED') throw error;
      if (signal.aborted) return undefined;
      problems.set(START, [`waiting: ${explainError(error)}`]);
      isReported = true;
      // A database that does not answer has taken the time of an attempt, and may be back at any moment.
      await sleep(error instanceof DatabaseUnreachable ? LATE_MS : backoff.next(), signal);
    } finally {
      signal.removeEventListener('abort', end);
      clearTimeout(late);
    }
  }
  return undefined;
}
