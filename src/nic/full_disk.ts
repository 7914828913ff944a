import { sleep } from '../daemon/sleep.js';
import { DatabaseIoError } from '../ovsdb/errors.js';

const RETRY_MS = 200;

/** How long an undo waits for room on the database's disk, in milliseconds: the host may be cut off until it is done. */
export const UNDO_PATIENCE_MS = 30_000;

/**
 * Runs `task`, and again every 200 ms while the database's disk is full (ovsdb-server answers "I/O error" and changes
 * nothing), for `patienceMs` milliseconds. A disk that is full for a moment does not end a move.
 * @throws what `task` throws: DatabaseIoError once the time is over, anything else at once
 */
export async function outlastFullDisk(patienceMs: number, task: () => Promise<void>): Promise<void> {
  const end = performance.now() + patienceMs;
  for (;;) {
    try {
      return await task();
    } catch (error) {
      if (!(error instanceof DatabaseIoError) || performance.now() >= end) throw error;
    }
    await sleep(RETRY_MS);
  }
}
