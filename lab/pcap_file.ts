/** The format of a capture file (draft-ietf-opsawg-pcap). */
export interface PcapForm {
  readonly bigEndian?: boolean;
  readonly nanoseconds?: boolean;
  /** The link type; DLT_EN10MB by default. */
  readonly linkType?: number;
  /** The largest number of bytes that the file keeps of a packet. */
  readonly snapLength?: number;
}

const ETHERNET = 1;
const MAGIC = { micro: 0xa1b2c3d4, nano: 0xa1b23c4d } as const;

/** Returns the header of a capture file. */
export function pcapHeader({
  bigEndian = false,
  nanoseconds = false,
  linkType = ETHERNET,
  snapLength = 262_144,
}: PcapForm = {}): Buffer {
  return words(bigEndian, [nanoseconds ? MAGIC.nano : MAGIC.micro, [2, 4], 0, 0, snapLength, linkType]);
}

/** Returns one packet of a capture file, captured 1 µs after its predecessor. */
export function pcapRecord(
  frame: Uint8Array,
  index: number,
  { bigEndian = false, snapLength = 262_144 }: PcapForm = {},
): Buffer {
  const held = frame.subarray(0, snapLength);
  return Buffer.concat([
    words(bigEndian, [1_700_000_000, index % 1_000_000, held.length, frame.length]),
    held,
  ]);
}

/** Returns a whole capture file. */
export function pcapFile(frames: readonly Uint8Array[], form: PcapForm = {}): Buffer {
  return Buffer.concat([pcapHeader(form), ...frames.map((frame, i) => pcapRecord(frame, i, form))]);
}

/** Encodes numbers as 32 bits, and pairs as 16 bits each. */
function words(bigEndian: boolean, values: readonly (number | readonly [number, number])[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [i, value] of values.entries()) {
    if (typeof value === 'number')
      bigEndian ? bytes.writeUInt32BE(value, 4 * i) : bytes.writeUInt32LE(value, 4 * i);
    else {
      for (const [half, part] of value.entries())
        bigEndian ? bytes.writeUInt16BE(part, 4 * i + 2 * half) : bytes.writeUInt16LE(part, 4 * i + 2 * half);
    }
  }
  return bytes;
}
