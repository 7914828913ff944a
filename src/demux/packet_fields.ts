import { parseFrame } from '../native.js';
import { type FieldName, isFieldName } from '../openflow/fields.js';

/** The fields of a packet as the switch extracts them. A field that is absent matches no term. */
export type PacketFields = ReadonlyMap<FieldName, bigint>;

/** A frame as the switch sees it. */
export interface FrameFields {
  readonly fields: PacketFields;
  readonly malformed: boolean;
  /** The capture ends before the fields that decide on the class. */
  readonly cut: boolean;
  /** The packet that an ICMP error quotes. */
  readonly quoted: PacketFields | undefined;
}

/** Extracts the fields of `frame`; `wireLength` is its length on the wire if the capture holds less of it. */
export function readFrame(frame: Uint8Array, wireLength = frame.length): FrameFields {
  const { fields, malformed, cut, quoted } = parseFrame(frame, wireLength);
  return { fields: fieldsOf(fields), malformed, cut, quoted: quoted && fieldsOf(quoted) };
}

function fieldsOf(native: Readonly<Record<string, bigint>>): PacketFields {
  return new Map(
    Object.entries(native).flatMap(([name, value]) => (isFieldName(name) ? [[name, value] as const] : [])),
  );
}
