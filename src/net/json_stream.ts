import { ProductError } from './errors.js';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/** Far more than the largest message, a monitor's first reply with all rows of a database. */
const MAX_MESSAGE_BYTES = 1024 * 1024 * 1024;

/**
 * Splits a stream into JSON texts, which JSON-RPC sends without a separator (RFC 7047 section 4; unixctl). It looks at
 * every byte once, wherever the socket splits the stream.
 */
export class JsonSplitter {
  private held: Buffer[] = [];
  private heldBytes = 0;
  private depth = 0;
  private inString = false;
  private escaped = false;

  constructor(private readonly maxBytes = MAX_MESSAGE_BYTES) {}

  /**
   * Takes the next bytes of the stream and returns the texts that they complete.
   * @throws ProductError `ERR_MESSAGE_TOO_LARGE`, `ERR_NOT_JSON`; the rest of the stream cannot be split
   */
  push(chunk: Buffer): string[] {
    const texts: string[] = [];
    let start = 0;
    for (let i = 0; i < chunk.length; i++) {
      if (!this.ends(chunk[i] ?? 0)) continue;
      texts.push(this.take(chunk.subarray(start, i + 1)));
      start = i + 1;
    }
    if (start < chunk.length) this.hold(chunk.subarray(start));
    return texts;
  }

  /** Returns whether `byte` closes the outermost object or array. */
  private ends(byte: number): boolean {
    if (this.inString) {
      if (this.escaped) this.escaped = false;
      else if (byte === BACKSLASH) this.escaped = true;
      else if (byte === QUOTE) this.inString = false;
      return false;
    }
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      this.depth++;
      return false;
    }
    if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      this.depth--;
      return this.depth <= 0;
    }
    if (byte === QUOTE) this.inString = true;
    if (this.depth === 0 && byte > 0x20) {
      throw new ProductError(
        'ERR_NOT_JSON',
        'the peer sent something that is not JSON-RPC; is this address a database?',
      );
    }
    return false;
  }

  private take(last: Buffer): string {
    const text =
      this.held.length === 0 ? last.toString('utf8') : Buffer.concat([...this.held, last]).toString('utf8');
    this.held = [];
    this.heldBytes = 0;
    this.depth = 0;
    return text;
  }

  private hold(part: Buffer): void {
    this.heldBytes += part.length;
    if (this.heldBytes > this.maxBytes) {
      throw new ProductError(
        'ERR_MESSAGE_TOO_LARGE',
        `the peer sent a message of more than ${this.maxBytes} bytes`,
      );
    }
    this.held.push(part);
  }
}
