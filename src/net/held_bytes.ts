/** The least memory, in bytes, so that octets that come one by one cost no call each. It is kept between messages. */
const LEAST = 256 * 1024;

/**
 * The bytes of an incomplete message. The memory grows in place and is given back at once, not at the next garbage
 * collection: a message of 128 MiB never takes twice its size.
 */
export class HeldBytes {
  private readonly memory: ArrayBuffer;
  private readonly view: Uint8Array;
  private used = 0;

  /** `maxBytes` is address space, not memory. */
  constructor(readonly maxBytes: number) {
    this.memory = new ArrayBuffer(0, { maxByteLength: maxBytes });
    this.view = new Uint8Array(this.memory);
  }

  get length(): number {
    return this.used;
  }

  /** The bytes, valid until the next call of a method. */
  get bytes(): Buffer {
    return Buffer.from(this.memory, 0, this.used);
  }

  /** Adds a copy of `part`. @returns whether it fits */
  add(part: Uint8Array): boolean {
    const needed = this.used + part.length;
    if (needed > this.maxBytes) return false;
    if (needed > this.memory.byteLength) {
      this.memory.resize(Math.min(this.maxBytes, Math.max(needed, 2 * this.memory.byteLength, LEAST)));
    }
    this.view.set(part, this.used);
    this.used = needed;
    return true;
  }

  clear(): void {
    this.used = 0;
    if (this.memory.byteLength > LEAST) this.memory.resize(0);
  }

  /** Gives back all memory at once. */
  release(): void {
    this.used = 0;
    this.memory.resize(0);
  }
}
