import { Type } from './message.js';
import type { WireWriter } from './writer.js';

/** `ofp_async_config_prop_type` (OpenFlow 1.4.1 section 7.3.10): for each kind of message a property for each role. */
const PACKET_IN = [0, 1];
const PORT_STATUS = [2, 3];
const FLOW_REMOVED = [4, 5];
/** `OFPPR_ADD`, `OFPPR_DELETE`, `OFPPR_MODIFY`. */
const ALL_REASONS = 0b111;

/** Asks for notification of port changes, and for no packets and no expired flows. */
export function writePortNewsOnly(out: WireWriter, xid: number): void {
  const start = out.begin(Type.setAsync, xid);
  for (const type of [...PACKET_IN, ...PORT_STATUS, ...FLOW_REMOVED]) {
    out.u16(type);
    out.u16(8);
    out.u32(PORT_STATUS.includes(type) ? ALL_REASONS : 0);
  }
  out.end(start);
}
