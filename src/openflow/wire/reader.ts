import { MalformedMessage } from './errors.js';

/**
 * Reads numbers in network byte order from a range of octets.
 * Every method throws MalformedMessage if the range ends too early.
 */
export class WireReader {
  constructor(
    private readonly bytes: Buffer,
    private at = 0,
    private readonly end = bytes.length,
  ) {}

  get remaining(): number {
    return this.end - this.at;
  }

  u8(): number {
    return this.bytes.readUInt8(this.advance(1));
  }

  u16(): number {
    return this.bytes.readUInt16BE(this.advance(2));
  }

  u32(): number {
    return this.bytes.readUInt32BE(this.advance(4));
  }

  u64(): bigint {
    return this.bytes.readBigUInt64BE(this.advance(8));
  }

  /** Reads a number of `octets` octets: 1 to 6, or 16. */
  number(octets: number): bigint {
    if (octets === 16) return (this.u64() << 64n) | this.u64();
    if (octets > 6) throw new MalformedMessage(`a number of ${octets} octets`);
    return BigInt(this.bytes.readUIntBE(this.advance(octets), octets));
  }

  skip(octets: number): void {
    this.advance(octets);
  }

  /** Returns a reader of the next octets, and skips them. */
  part(octets: number): WireReader {
    const start = this.advance(octets);
    return new WireReader(this.bytes, start, start + octets);
  }

  /** Returns a second reader of the remaining octets. */
  again(): WireReader {
    return new WireReader(this.bytes, this.at, this.end);
  }

  /** Returns the remaining octets in hexadecimal. */
  hex(): string {
    return this.bytes.toString('hex', this.at, this.end);
  }

  /** Returns the remaining octets as one character each, for a key of a map. */
  latin1(): string {
    return this.bytes.toString('latin1', this.at, this.end);
  }

  private advance(octets: number): number {
    const start = this.at;
    if (octets < 0 || start + octets > this.end) {
      throw new MalformedMessage(`${octets} octets wanted where ${this.end - start} are left`);
    }
    this.at = start + octets;
    return start;
  }
}
