import type { PacketFields } from '../../src/demux/packet_fields.js';
import type { FieldName } from '../../src/openflow/fields.js';
import { parseMatch } from '../../src/openflow/match.js';

/** Returns the fields of the packet that a match describes, without a tag and not a fragment unless the match says so. */
export function fieldsOf(text: string): PacketFields {
  const match = parseMatch(text);
  if (match === undefined) throw new Error(`cannot read ${text}`);
  const fields = new Map<FieldName, bigint>([
    ['vlan_tci', 0n],
    ['nw_frag', 0n],
  ]);
  for (const { field, value } of match) fields.set(field, value);
  return fields;
}
