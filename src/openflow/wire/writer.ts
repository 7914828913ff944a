import { UnencodableFlow } from './errors.js';
import { MAX_MESSAGE, OFP14 } from './message.js';

/** Half of the buffer's first size: senders flush at 64 KiB, and one message can still follow before they do. */
const START_BYTES = 64 * 1024;

/**
 * Writes consecutive OpenFlow messages into one buffer, which {@link clear} reuses. A caller that sends often never
 * grows it by more than one message.
 */
export class WireWriter {
  private buffer = Buffer.allocUnsafeSlow(2 * START_BYTES);
  private view = viewOf(this.buffer);
  private at = 0;

  constructor(readonly version = OFP14) {}

  get length(): number {
    return this.at;
  }

  /** The octets written so far, valid until the next write. */
  get bytes(): Buffer {
    return this.buffer.subarray(0, this.at);
  }

  clear(): void {
    this.at = 0;
  }

  /** Begins a message; returns the argument for {@link end}. */
  begin(type: number, xid: number): number {
    const start = this.at;
    this.u8(this.version);
    this.u8(type);
    this.u16(0);
    this.u32(xid);
    return start;
  }

  /** Ends the message that began at `start`. @throws UnencodableFlow if it is too long; the message is then removed */
  end(start: number): void {
    const length = this.at - start;
    if (length > MAX_MESSAGE) {
      this.at = start;
      throw new UnencodableFlow(`${length} octets do not fit into one message`);
    }
    this.view.setUint16(start + 2, length);
  }

  /** Removes everything since `start`. */
  rewind(start: number): void {
    this.at = start;
  }

  u8(value: number): void {
    this.room(1);
    this.view.setUint8(this.at, within(value, 0xff));
    this.at += 1;
  }

  u16(value: number): void {
    this.room(2);
    this.view.setUint16(this.at, within(value, 0xffff));
    this.at += 2;
  }

  u32(value: number): void {
    this.room(4);
    this.view.setUint32(this.at, within(value, 0xffffffff));
    this.at += 4;
  }

  u64(value: bigint): void {
    this.room(8);
    this.view.setBigUint64(this.at, value);
    this.at += 8;
  }

  /** Writes a number in 1, 2, 4, 6 or 16 octets. */
  number(value: bigint, octets: number): void {
    if (octets === 16) {
      this.u64(value >> 64n);
      this.u64(value & 0xffff_ffff_ffff_ffffn);
      return;
    }
    const number = Number(value);
    if (octets === 1) this.u8(number);
    else if (octets === 2) this.u16(number);
    else if (octets === 4) this.u32(number);
    else {
      this.u16(Math.floor(number / 0x1_0000_0000));
      this.u32(number % 0x1_0000_0000);
    }
  }

  raw(bytes: Uint8Array): void {
    this.room(bytes.length);
    this.buffer.set(bytes, this.at);
    this.at += bytes.length;
  }

  /** Writes zeros one by one, which is faster than a call of `fill` for so few. */
  zeros(count: number): void {
    this.room(count);
    for (let i = 0; i < count; i++) this.view.setUint8(this.at + i, 0);
    this.at += count;
  }

  /** Writes zeros until the part that began at `start` is a multiple of eight octets long. */
  pad8(start: number): void {
    this.zeros(-(this.at - start) & 7);
  }

  /** Writes the length of the part that began at `start` into the 16 bits at `where`. */
  lengthAt(where: number, start: number): void {
    this.view.setUint16(where, this.at - start);
  }

  private room(octets: number): void {
    if (this.at + octets > this.buffer.length) this.grow(octets);
  }

  private grow(octets: number): void {
    const larger = Buffer.allocUnsafeSlow(2 * (this.buffer.length + octets));
    this.buffer.copy(larger, 0, 0, this.at);
    this.buffer = larger;
    this.view = viewOf(larger);
  }
}

function viewOf(buffer: Buffer): DataView {
  return new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
}

/** Checks the range of a number, because a DataView would truncate it. */
function within(value: number, most: number): number {
  if (value >= 0 && value <= most) return value;
  throw new UnencodableFlow(`${value} is not between 0 and ${most}`);
}
