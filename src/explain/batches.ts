import type { Classifier } from '../demux/classifier.js';
import type { PortRole } from '../demux/port_role.js';

const BATCH_BYTES = 1024 * 1024;
const BATCH_FRAMES = 4096;

/** Collects single frames into batches for a classifier, which counts them. */
export class Batches {
  private readonly frames = new Uint8Array(BATCH_BYTES);
  private readonly offsets = new Uint32Array(BATCH_FRAMES);
  private readonly lengths = new Uint32Array(BATCH_FRAMES);
  private readonly wireLengths = new Uint32Array(BATCH_FRAMES);
  private readonly classes = new Uint8Array(BATCH_FRAMES);
  private count = 0;
  private bytes = 0;

  constructor(
    private readonly classifier: Classifier,
    private readonly from: PortRole,
    private readonly isTracked: boolean,
  ) {}

  /** Copies `frame`, or as much of it as fits into a batch. */
  add(frame: Uint8Array, wireLength: number): void {
    const held = frame.length > BATCH_BYTES ? frame.subarray(0, BATCH_BYTES) : frame;
    if (this.count === BATCH_FRAMES || this.bytes + held.length > BATCH_BYTES) this.flush();
    this.frames.set(held, this.bytes);
    this.offsets[this.count] = this.bytes;
    this.lengths[this.count] = held.length;
    this.wireLengths[this.count] = wireLength;
    this.bytes += held.length;
    this.count += 1;
  }

  /** Classifies the frames collected so far. */
  flush(): void {
    const upTo = (array: Uint32Array) => array.subarray(0, this.count);
    const batch = {
      frames: this.frames,
      offsets: upTo(this.offsets),
      lengths: upTo(this.lengths),
      wireLengths: upTo(this.wireLengths),
    };
    this.classifier.classify(batch, this.from, this.classes, this.isTracked);
    this.count = 0;
    this.bytes = 0;
  }
}
