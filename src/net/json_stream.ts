import { isAscii, isUtf8 } from 'node:buffer';
import { ProductError } from './errors.js';
import { HeldBytes } from './held_bytes.js';

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/** What one message may have. A message that exceeds a limit is refused while it arrives, and never parsed. */
export interface JsonLimits {
  /** Half as many for a text that is not ASCII. */
  readonly maxBytes: number;
  /** The nesting of objects and arrays. */
  readonly maxDepth: number;
  /** What parsing may cost, in units of {@link Cost}. */
  readonly maxCost: number;
}

/**
 * What parts of a message cost the parser, relative to a number in a list: some 0.25 µs and 20 octets each. An object
 * with a key that no other has costs the most.
 */
const Cost = { next: 1, list: 1, string: 1, key: 2, object: 6 } as const;

/** The depth that Open vSwitch accepts (`JSON_MAX_HEIGHT` of its lib/json.c). */
export const MAX_DEPTH = 1_000;

/**
 * The limits for a database. The largest message is the first reply to a monitor, with all rows; a logical port of a pod
 * costs about 80, so some 70,000 of them fit. No message of this cost takes longer than about 1.5 s to parse.
 */
export const DATABASE_LIMITS: JsonLimits = {
  maxBytes: 128 * 1024 * 1024,
  maxDepth: MAX_DEPTH,
  maxCost: 6_000_000,
};

/**
 * Splits a stream into JSON texts, which JSON-RPC sends without a separator (RFC 7047 section 4; unixctl). It looks at
 * every byte once, wherever the socket splits the stream.
 */
export class JsonSplitter {
  private readonly held: HeldBytes;
  private depth = 0;
  private cost = 0;
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
    let { depth, cost, inString } = this;
    let start = 0;
    let at = this.skip;
    for (; at < length; at++) {
      const byte = chunk[at] ?? 0;
      if (inString) {
        // Most bytes are in strings, so they have a loop of their own.
        while (at < length && chunk[at] !== QUOTE) at += chunk[at] === BACKSLASH ? 2 : 1;
        if (at >= length) break;
        inString = false;
      } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
        cost += byte === OPEN_BRACE ? Cost.object : Cost.list;
        if (++depth > maxDepth) throw tooLarge(`nested more than ${maxDepth} deep`);
      } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
        if (--depth > 0) continue;
        texts.push(this.take(chunk.subarray(start, at + 1)));
        start = at + 1;
        depth = 0;
        cost = 0;
      } else if (depth === 0 && byte > 0x20) {
        throw new ProductError(
          'ERR_NOT_JSON',
          'the peer sent something that is not JSON-RPC; is this address a database?',
        );
      } else if (byte === QUOTE) {
        cost += Cost.string;
        inString = true;
      } else if (byte === COMMA) cost += Cost.next;
      else if (byte === COLON) cost += Cost.key;
    }
    // The character behind a backslash at the end comes with the next chunk.
    this.skip = at - length;
    this.depth = depth;
    this.cost = cost;
    this.inString = inString;
    if (cost > this.limits.maxCost) throw tooLarge('with too many values');
    // White space between messages is not held.
    if (depth > 0) this.hold(chunk.subarray(start));
    return texts;
  }

  /** Gives back the memory of an incomplete message, after which the stream cannot be split further. */
  release(): void {
    this.held.release();
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
  // V8 takes two bytes for each character of a text that has one above U+00FF.
  if (bytes.length > limits.maxBytes / 2 && !isAscii(bytes))
    throw tooLarge(`of more than ${limits.maxBytes / 2} bytes that is not ASCII`);
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
