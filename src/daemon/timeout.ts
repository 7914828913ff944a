import { UsageError } from '../net/errors.js';

/**
 * Parses the value of `--timeout`, or of another option in seconds, and returns milliseconds.
 * @throws UsageError
 */
export function readMilliseconds(seconds: string, option = '--timeout'): number {
  const value = Number(seconds);
  if (seconds.trim() === '' || !Number.isFinite(value) || value <= 0 || value > 86_400) {
    throw new UsageError(`${option}=${seconds}: give a number of seconds above 0`);
  }
  return value * 1_000;
}
