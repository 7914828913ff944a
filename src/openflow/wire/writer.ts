import { UnencodableFlow } from './errors.js';
import { MAX_MESSAGE, OFP14 } from './message.js';

/** How many octets are written at once; what is written after them until the message ends comes on top. */
const START_BYTES = 64 * 1024;

/**
 * Writes OpenFlow messages one behind the other into one buffer, which is used again after {@link clear}: who
 * sends many clears it often, so that it never grows by more than one message.
 */
export class WireWriter {
  private buffer = Buffer.allocUnsafeSlow(2 * START_BYTES);
  private at = 0;

  constructor(readonly version = OFP14) {}

  get length(): number {
    return this.at;
  }

  /** What was written, as long as nothing more is. */
  get bytes(): Buffer {
    return this.buffer.subarray(0, this.at);
  }

  clear(): void {
    this.at = 0;
  }

  /** Opens a message; returns what {@link end} needs to close it. */
  begin(type: number, xid: number): number {
    const start = this.at;
    this.u8(this.version);
    this.u8(type);
    this.u16(0);
    this.u32(xid);
    return start;
  }

  /** @throws UnencodableFlow for more than a message can hold; nothing of it is left then */
  end(start: number): void {
    const length = this.at - start;
    if (length > MAX_MESSAGE) {
      this.at = start;
      throw new UnencodableFlow(`${length} octets do not fit into one message`);
    }
    this.buffer.writeUInt16BE(length, start + 2);
  }

  /** Takes back all since `start`. */
  rewind(start: number): void {
    this.at = start;
  }

  u8(value: number): void {
    this.at = this.buffer.writeUInt8(value, this.room(1));
  }

  u16(value: number): void {
    this.at = this.buffer.writeUInt16BE(value, this.room(2));
  }

  u32(value: number): void {
    this.at = this.buffer.writeUInt32BE(value, this.room(4));
  }

  u64(value: bigint): void {
    this.at = this.buffer.writeBigUInt64BE(value, this.room(8));
  }

  /** A number in so many octets, 1 to 6 or 16. */
  number(value: bigint, octets: number): void {
    if (octets === 16) {
      this.u64(value >> 64n);
      this.u64(value & 0xffff_ffff_ffff_ffffn);
    } else {
      this.at = this.buffer.writeUIntBE(Number(value), this.room(octets), octets);
    }
  }

  raw(bytes: Uint8Array): void {
    const start = this.room(bytes.length);
    this.buffer.set(bytes, start);
    this.at = start + bytes.length;
  }

  zeros(count: number): void {
    const start = this.room(count);
    this.buffer.fill(0, start, start + count);
    this.at = start + count;
  }

  /** Zeros until what began at `start` is a multiple of eight octets long. */
  pad8(start: number): void {
    this.zeros(-(this.at - start) & 7);
  }

  /** Puts the length of what began at `start` into the 16 bits at `where`. */
  lengthAt(where: number, start: number): void {
    this.buffer.writeUInt16BE((this.at - start) & 0xffff, where);
  }

  private room(octets: number): number {
    if (this.at + octets > this.buffer.length) this.grow(octets);
    return this.at;
  }

  private grow(octets: number): void {
    const larger = Buffer.allocUnsafeSlow(2 * (this.buffer.length + octets));
    this.buffer.copy(larger, 0, 0, this.at);
    this.buffer = larger;
  }
}
