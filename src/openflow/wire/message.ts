// This folder reads and writes the messages of OpenFlow 1.4, and the few of 1.0 that it lacks, without I/O: octets
// in, values out, and back. Here: the header of a message, and the splitter that cuts a stream into messages. Every
// reader throws MalformedMessage for octets that contradict the specification, and nothing else.
import { MalformedMessage } from './errors.js';

/** The wire versions that the product speaks (OpenFlow 1.4.1 section 7.1.1). */
export const OFP10 = 0x01;
export const OFP14 = 0x05;
/** The wire version of OpenFlow 1.5, the highest. */
const OFP15 = 0x06;
export type Version = typeof OFP10 | typeof OFP14;

/** `ofp_type` (OpenFlow 1.4.1 section 7.1.1). Those up to 12 are the same in every version. */
export const Type = {
  hello: 0,
  error: 1,
  echoRequest: 2,
  echoReply: 3,
  featuresRequest: 5,
  getConfigRequest: 7,
  setConfig: 9,
  portStatus: 12,
  flowMod: 14,
  multipartRequest: 18,
  multipartReply: 19,
  barrierRequest: 20,
  barrierReply: 21,
  setAsync: 28,
  bundleControl: 33,
  bundleAddMessage: 34,
} as const;

/** The message types that have other numbers in OpenFlow 1.0 (OpenFlow 1.0.1 section 5.1). */
export const Type10 = {
  portMod: 15,
  statsRequest: 16,
  statsReply: 17,
  barrierRequest: 18,
  barrierReply: 19,
} as const;

/** Nicira's experimenter number, under which OVS has actions (ovs-actions(7)) and messages of its own. */
export const NICIRA = 0x2320;

const HEADER = 8;
/** The largest message: its length has 16 bits. */
export const MAX_MESSAGE = 0xffff;

/** One OpenFlow message: `version | type | length | xid`, of 8, 8, 16 and 32 bits, then the body. */
export interface Message {
  readonly version: number;
  readonly type: number;
  readonly xid: number;
  readonly body: Buffer;
}

/** Splits a stream into messages, however it is cut into chunks. It holds at most one incomplete message. */
export class MessageSplitter {
  /** The octets of an incomplete message, and how many there are. */
  private held: Buffer | undefined;
  private heldBytes = 0;

  /**
   * Takes the next octets of the stream and calls `take` with each complete message. The body of a message is a view
   * that must not be kept after `take` returns.
   * @throws MalformedMessage
   */
  push(chunk: Buffer, take: (message: Message) => void): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.heldBytes === 0) {
        const length = lengthOf(chunk, at, chunk.length);
        if (length !== undefined && chunk.length - at >= length) {
          take(messageOf(chunk, at, length));
          at += length;
          continue;
        }
      }
      at = this.hold(chunk, at, take);
    }
  }

  /** Adds octets to the incomplete message, up to its end. Returns the place behind them in `chunk`. */
  private hold(chunk: Buffer, at: number, take: (message: Message) => void): number {
    this.held ??= Buffer.allocUnsafeSlow(MAX_MESSAGE);
    const { held } = this;
    const wanted = lengthOf(held, 0, this.heldBytes) ?? HEADER;
    const copied = chunk.copy(held, this.heldBytes, at, at + wanted - this.heldBytes);
    this.heldBytes += copied;
    if (lengthOf(held, 0, this.heldBytes) === this.heldBytes) {
      const message = messageOf(held, 0, this.heldBytes);
      // Empty before `take`, which may throw.
      this.heldBytes = 0;
      take(message);
    }
    return at + copied;
  }
}

/** Returns the length of the message at `at`, or `undefined` if its header is not complete. @throws MalformedMessage */
function lengthOf(bytes: Buffer, at: number, end: number): number | undefined {
  if (end - at < HEADER) return undefined;
  const version = bytes.readUInt8(at);
  const length = bytes.readUInt16BE(at + 2);
  if (version < OFP10 || version > OFP15) throw new MalformedMessage(`version ${version}`);
  if (length < HEADER) throw new MalformedMessage(`a message of ${length} octets`);
  return length;
}

function messageOf(bytes: Buffer, at: number, length: number): Message {
  return {
    version: bytes.readUInt8(at),
    type: bytes.readUInt8(at + 1),
    xid: bytes.readUInt32BE(at + 4),
    body: bytes.subarray(at + HEADER, at + length),
  };
}
