import type { Removal } from '../bundle.js';
import { type Flow, splitKey } from '../flow.js';
import { parseMatch } from '../match.js';
import { writeInstructions } from './actions.js';
import { UnencodableFlow } from './errors.js';
import { writeMatch, writeRawMatch } from './match.js';
import { Type } from './message.js';
import type { WireWriter } from './writer.js';

const ADD = 0;
const DELETE_STRICT = 4;
const ALL_OF_COOKIE = 0xffff_ffff_ffff_ffffn;
/** `OFP_NO_BUFFER`, `OFPP_ANY`, `OFPG_ANY`. */
const ANY = 0xffffffff;

/**
 * The prefix of a match that the product cannot parse. Its octets follow in hexadecimal, so its flow can be deleted.
 */
export const RAW_MATCH = 'oxm=';

/** @throws UnencodableFlow */
export function writeFlowAdd(out: WireWriter, xid: number, flow: Flow): void {
  const start = out.begin(Type.flowMod, xid);
  writeFixed(out, { command: ADD, cookieMask: 0n, ...flow });
  writeMatch(out, flow.match);
  writeInstructions(out, flow.actions);
  out.end(start);
}

/**
 * Writes the deletion of the flow with exactly this table, priority and match, if it has this cookie.
 * @throws UnencodableFlow
 */
export function writeFlowDelete(out: WireWriter, xid: number, { key, cookie, match }: Removal): void {
  const { table, priority, where } = splitKey(key);
  const start = out.begin(Type.flowMod, xid);
  writeFixed(out, { command: DELETE_STRICT, cookie, cookieMask: ALL_OF_COOKIE, table, priority });
  if (where.startsWith(RAW_MATCH)) {
    writeRawMatch(out, Buffer.from(where.slice(RAW_MATCH.length), 'hex'));
  } else {
    const known = match ?? parseMatch(where);
    if (known === undefined) throw new UnencodableFlow(`${where} is not a match of this product`);
    writeMatch(out, known);
  }
  out.end(start);
}

interface Fixed {
  readonly command: number;
  readonly cookie: bigint;
  readonly cookieMask: bigint;
  readonly table: number;
  readonly priority: number;
}

/** Writes the part of `ofp_flow_mod` before the match (OpenFlow 1.4.1 section 7.3.4.1). */
function writeFixed(out: WireWriter, { command, cookie, cookieMask, table, priority }: Fixed): void {
  out.u64(cookie);
  out.u64(cookieMask);
  out.u8(table);
  out.u8(command);
  out.u32(0); // No idle and no hard timeout.
  out.u16(priority);
  out.u32(ANY);
  out.u32(ANY);
  out.u32(ANY);
  out.u32(0); // No flags, no importance.
}
