import { isUtf8 } from 'node:buffer';
import { ProductError } from './errors.js';
import { HeldBytes } from './held_bytes.js';

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/** What one message may have. A message that exceeds a limit is refused while it arrives, and never parsed. */
export interface JsonLimits {
  readonly maxBytes: number;
  /** The nesting of objects and arrays. */
  readonly maxDepth: number;
  /** The number of values, which decides how much memory the parsed message takes. */
  readonly maxValues: number;
}

/** The depth that Open vSwitch accepts (`JSON_MAX_HEIGHT` of its lib/json.c). */
export const MAX_DEPTH = 1_000;

/**
 * The limits for a database. The largest message is the first reply to a monitor, with all rows: 128 MiB or 3 million
 * values are some 60,000 logical ports.
 */
export const DATABASE_LIMITS: JsonLimits = {
  maxBytes: 128 * 1024 * 1024,
  maxDepth: MAX_DEPTH,
  maxValues: 3_000_000,
};

/**
 * Splits a stream into JSON texts, which JSON-RPC sends without a separator (RFC 7047 section 4; unixctl). It looks at
 * every byte once, wherever the socket splits the stream.
 */
export class JsonSplitter {
  private readonly held: HeldBytes;
  private depth = 0;
  private values = 0;
  private inString = false;
  /** How many bytes of the next chunk belong to an escape in a string. */
  private skip = 0;

  constructor(private readonly limits: JsonLimits = DATABASE_LIMITS) {
    this.held = new HeldBytes(limits.maxBytes);
  }

  /** The number of bytes of the message that is not complete yet. */
  get heldBytes(): number {
    return this.held.length;
  }

  /**
   * Takes the next bytes of the stream and returns the texts that they complete.
   * @throws ProductError `ERR_MESSAGE_TOO_LARGE`, `ERR_NOT_JSON`; the rest of the stream cannot be split
   */
  push(chunk: Buffer): string[] {
    const { maxDepth } = this.limits;
    const { length } = chunk;
    const texts: string[] = [];
    let { depth, values, inString } = this;
    let start = 0;
    let at = this.skip;
    for (; at < length; at++) {
      const byte = chunk[at] ?? 0;
      if (inString) {
        if (byte === QUOTE) inString = false;
        else if (byte === BACKSLASH) at++;
      } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
        values++;
        if (++depth > maxDepth) throw tooLarge(`nested more than ${maxDepth} deep`);
      } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
        if (--depth > 0) continue;
        texts.push(this.take(chunk.subarray(start, at + 1)));
        start = at + 1;
        depth = 0;
        values = 0;
      } else if (depth === 0 && byte > 0x20) {
        throw new ProductError(
          'ERR_NOT_JSON',
          'the peer sent something that is not JSON-RPC; is this address a database?',
        );
      } else if (byte === QUOTE) inString = true;
      else if (byte === COMMA) values++;
    }
    // The character behind a backslash at the end comes with the next chunk.
    this.skip = at - length;
    this.depth = depth;
    this.values = values;
    this.inString = inString;
    if (values > this.limits.maxValues) throw tooLarge(`of more than ${this.limits.maxValues} values`);
    // White space between messages is not held.
    if (depth > 0) this.hold(chunk.subarray(start));
    return texts;
  }

  private take(last: Buffer): string {
    if (this.held.length === 0) return textOf(last, this.limits);
    this.hold(last);
    const text = textOf(this.held.bytes, this.limits);
    this.held.clear();
    return text;
  }

  private hold(part: Buffer): void {
    if (!this.held.add(part)) throw tooLong(this.limits);
  }
}

/**
 * Parses the text of a message.
 * @throws ProductError `ERR_NOT_JSON`
 */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ProductError('ERR_NOT_JSON', 'the peer sent a message that is not valid JSON', {
      cause: error,
    });
  }
}

function textOf(bytes: Buffer, limits: JsonLimits): string {
  if (bytes.length > limits.maxBytes) throw tooLong(limits);
  // Node would replace the wrong bytes, and different names could become equal.
  if (!isUtf8(bytes)) throw new ProductError('ERR_NOT_JSON', 'the peer sent a message that is not UTF-8');
  return bytes.toString('utf8');
}

function tooLong({ maxBytes }: JsonLimits): ProductError {
  return tooLarge(`of more than ${maxBytes} bytes`);
}

function tooLarge(how: string): ProductError {
  return new ProductError('ERR_MESSAGE_TOO_LARGE', `the peer sent a message ${how}`);
}
