/** Milliseconds after the machine's network is up until the host answers. */
export const ANSWER_MS = 10_000;
/** Milliseconds for which the host may be silent after that, and while its NIC moves. */
export const GAP_MS = 1_000;
/** Answers that must come after a boot or a move, so that a later silence would be seen. */
export const QUIET_ANSWERS = 100;

/** Returns a time as a test logs it: `1.4 s`. */
export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
