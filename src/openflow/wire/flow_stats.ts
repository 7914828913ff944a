import { formatActions } from '../actions.js';
import type { CookieRange } from '../cookie.js';
import { type InstalledFlow, type Meaning, meaning } from '../flow.js';
import { formatMatch } from '../match.js';
import { readInstructions } from './actions.js';
import { RAW_MATCH } from './flow_mod.js';
import { type KnownTerms, readMatchPart, readTerms, writeMatch } from './match.js';
import { beginRequest, Part } from './multipart.js';
import type { WireReader } from './reader.js';
import type { WireWriter } from './writer.js';

const ALL_TABLES = 0xff;
const ANY = 0xffffffff;

/** Writes a request for the flows with cookies in a range (OpenFlow 1.4.1 section 7.3.5.2). */
export function writeFlowStatsRequest(out: WireWriter, xid: number, { cookie, mask }: CookieRange): void {
  const start = beginRequest(out, xid, Part.flow);
  out.u8(ALL_TABLES);
  out.zeros(3);
  out.u32(ANY);
  out.u32(ANY);
  out.u32(0);
  out.u64(cookie);
  out.u64(mask);
  writeMatch(out, []);
  out.end(start);
}

/**
 * Reads the flows of one message of the reply:
 * `length | table | 0 | duration 8 | priority | timeouts 4 | flags | importance | 0 0 | cookie | packets | octets |
 * match | instructions`.
 * @throws MalformedMessage
 */
export function readFlowStats(body: WireReader, known: KnownTerms): InstalledFlow[] {
  const flows: InstalledFlow[] = [];
  while (body.remaining > 0) {
    const entry = body.part(body.u16() - 2);
    const table = entry.u8();
    entry.skip(9);
    const priority = entry.u16();
    entry.skip(10);
    const cookie = entry.u64();
    const packets = entry.u64();
    const bytes = entry.u64();
    flows.push({ cookie, ...readMeaning(entry, table, priority, known), packets, bytes });
  }
  return flows;
}

/**
 * Returns the meaning of a flow's match and actions. A match or actions that the product never writes become their
 * octets, so they differ from every flow of ours.
 */
function readMeaning(entry: WireReader, table: number, priority: number, known: KnownTerms): Meaning {
  const tlvs = readMatchPart(entry);
  const match = readTerms(tlvs.again(), known);
  const where = match === undefined ? `${RAW_MATCH}${tlvs.hex()}` : formatMatch(match);
  const actions = readInstructions(entry.again());
  return meaning(table, priority, where, actions === undefined ? entry.hex() : formatActions(actions));
}
