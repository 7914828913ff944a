import { ProductError } from '../net/errors.js';

/** Parses the values of one column of a row. @throws ProductError `ERR_BAD_ROW` naming both */
export function readRow<T>(
  what: string,
  column: string,
  texts: readonly string[],
  parse: (text: string) => T,
): T[] {
  try {
    return texts.map(parse);
  } catch (cause) {
    throw new ProductError(
      'ERR_BAD_ROW',
      `${what}: ${column}=${texts.join(',')} cannot be read; correct it with ovn-nbctl, or run the node's init command again`,
      { cause },
    );
  }
}

/** Splits a value that commas or spaces separate. */
export function list(text: string | undefined): string[] {
  return (text ?? '')
    .split(/[,\s]+/)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
