import type { Outcome } from './stage.js';

/** The most memory that a daemon may have under any hostile peer, in MB. */
const MOST_MB = 400;
/** The time within which 99 % of the answers to `status` must come, in milliseconds. */
const MOST_MS = 1_000;

/** Returns the limit that an outcome exceeds. */
export function excessOf({ isRunning, peakMb, p99Ms }: Outcome): string | undefined {
  if (!isRunning) return 'the daemon ended';
  if (peakMb > MOST_MB) return `${MOST_MB} MB`;
  return p99Ms > MOST_MS ? `${MOST_MS} ms` : undefined;
}
