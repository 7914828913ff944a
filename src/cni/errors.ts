import { explainError, ProductError } from '../net/errors.js';
import { printableJson, printableLine } from '../net/printable.js';

/** Codes of the CNI specification ("Error"); codes from 100 on are the plugin's own. */
export const CODES = {
  incompatibleVersion: 1,
  invalidEnvironment: 4,
  inputOutput: 5,
  undecodable: 6,
  invalidConfiguration: 7,
  tryAgainLater: 11,
  checkFailed: 100,
  notOurs: 101,
} as const;

/** An error with the code that the runtime gets. */
export class CniError extends ProductError {
  override readonly name = 'CniError';

  constructor(
    readonly number: (typeof CODES)[keyof typeof CODES],
    message: string,
    options?: { readonly cause?: unknown },
  ) {
    super('ERR_CNI', message, options);
  }
}

/** Formats an error as the runtime reads it (CNI specification, "Error"). */
export function formatError(cniVersion: string, error: unknown): string {
  const code = error instanceof CniError ? error.number : CODES.inputOutput;
  const msg = printableLine(error instanceof Error ? error.message : String(error));
  const cause = error instanceof Error ? error.cause : undefined;
  const details = cause === undefined ? {} : { details: printableLine(explainError(cause)) };
  return printableJson({ cniVersion, code, msg, ...details });
}
