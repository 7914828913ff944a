import type { ErrorCode } from './error_codes.js';

/**
 * A failure that the product can explain in one line, which names the object and the remedy.
 * `code` is stable, for scripts and tests; the message is for people.
 */
export class ProductError extends Error {
  override readonly name: string = 'ProductError';

  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: { readonly cause?: unknown },
  ) {
    super(message, options);
  }
}

/** A wrong or contradictory option. The exit code is 2, as in programs that use getopt. */
export class UsageError extends ProductError {
  override readonly name = 'UsageError';

  constructor(message: string, options?: { readonly cause?: unknown }) {
    super('ERR_USAGE', message, options);
  }
}

/** More causes than any error of the product has. */
const MAX_DEPTH = 10;

/**
 * Returns the message of anything thrown, followed by those of its causes: `open x: permission denied`. An
 * AggregateError without a message, such as that of `net.connect` to a host with several addresses, stands for all of
 * its errors. A chain of more than 10 causes is cut.
 */
export function explainError(thrown: unknown, depth = 0): string {
  if (!(thrown instanceof Error)) return String(thrown);
  if (depth === MAX_DEPTH) return thrown.message;
  const isList = thrown instanceof AggregateError && thrown.message === '';
  const message = isList
    ? thrown.errors.map((one) => explainError(one, depth + 1)).join('; ')
    : thrown.message;
  return thrown.cause === undefined ? message : `${message}: ${explainError(thrown.cause, depth + 1)}`;
}
