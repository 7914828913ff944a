import { MalformedMessage } from './errors.js';

/**
 * Reads numbers in network byte order from a range of octets, and nothing outside it.
 * Every method throws MalformedMessage when the range ends too early.
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

  /** A number of so many octets, 1 to 16. */
  number(octets: number): bigint {
    if (octets === 16) return (this.u64() << 64n) | this.u64();
    if (octets > 6) throw new MalformedMessage(`a number of ${octets} octets`);
    return BigInt(this.bytes.readUIntBE(this.advance(octets), octets));
  }

  skip(octets: number): void {
    this.advance(octets);
  }

  /** The next octets as a range of their own. */
  part(octets: number): WireReader {
    const start = this.advance(octets);
    return new WireReader(this.bytes, start, start + octets);
  }

  /** The octets that are left, from here on, for a second reader. */
  again(): WireReader {
    return new WireReader(this.bytes, this.at, this.end);
  }

  /** The octets that are left, two digits each. */
  hex(): string {
    return this.bytes.toString('hex', this.at, this.end);
  }

  /** The octets that are left, one character each: a key for a map. */
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
