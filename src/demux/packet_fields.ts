import { parseFrame } from '../native.js';
import { isFieldName } from '../openflow/fields.js';
import type { PacketFields } from './explain.js';

/** A frame as the switch sees it. */
export interface FrameFields {
  readonly fields: PacketFields;
  readonly malformed: boolean;
  /** Too little of it is held to tell. */
  readonly cut: boolean;
  /** Of an ICMP error: the packet that it is about. */
  readonly quoted: PacketFields | undefined;
}

/** Takes a frame apart; `wireLength` is its length where less of it is held. */
export function readFrame(frame: Uint8Array, wireLength = frame.length): FrameFields {
  const { fields, malformed, cut, quoted } = parseFrame(frame, wireLength);
  return { fields: fieldsOf(fields), malformed, cut, quoted: quoted && fieldsOf(quoted) };
}

function fieldsOf(native: Readonly<Record<string, bigint>>): PacketFields {
  return new Map(
    Object.entries(native).flatMap(([name, value]) => (isFieldName(name) ? [[name, value] as const] : [])),
  );
}
