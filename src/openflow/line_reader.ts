import { ProductError } from '../net/errors.js';

/** Far more than the longest flow of ours; a longer line would never end. */
const MAX_LINE = 1024 * 1024;

/** Splits the output of `ovs-ofctl` into lines while it arrives. */
export class LineReader {
  private rest = '';

  /** Returns the lines that `chunk` completes. @throws ProductError `ERR_MESSAGE_TOO_LARGE` */
  push(chunk: string): string[] {
    const lines = (this.rest + chunk).split('\n');
    this.rest = lines.pop() ?? '';
    if (this.rest.length > MAX_LINE)
      throw new ProductError('ERR_MESSAGE_TOO_LARGE', `a line of more than ${MAX_LINE} characters`);
    return lines;
  }

  /** Returns the last line, which has no end. */
  last(): string {
    return this.rest;
  }
}
