import { isOurCookie } from '../cookie.js';
import { writeMatch } from './match.js';
import { NICIRA, OFP10 } from './message.js';
import { beginRequest, Part, type Reply } from './multipart.js';
import type { WireReader } from './reader.js';
import type { WireWriter } from './writer.js';

const MONITOR_ID = 1;
const ANY = 0xffffffff;
const ALL_TABLES = 0xff;
/** Additions, removals and modifications. Changes of this connection are abbreviated: the event has no flow. */
const FLAGS = 0x2 | 0x4 | 0x8;
/** The subtype of Nicira's flow monitor. */
const NX_FLOW_MONITOR = 2;
const NX_ANY_PORT = 0xffff;

/**
 * Writes a request for notification of flow changes: in OpenFlow 1.4 the standard one (section 7.3.5.17), which OVS has
 * since 2.16; in OpenFlow 1.0 that of Nicira, which every OVS has.
 */
export function writeFlowMonitorRequest(out: WireWriter, xid: number): void {
  if (out.version === OFP10) writeNiciraRequest(out, xid);
  else writeStandardRequest(out, xid);
}

function writeStandardRequest(out: WireWriter, xid: number): void {
  const start = beginRequest(out, xid, Part.flowMonitor);
  out.u32(MONITOR_ID);
  out.u32(ANY);
  out.u32(ANY);
  out.u16(FLAGS);
  out.u8(ALL_TABLES);
  out.u8(0); // OFPFMC_ADD
  writeMatch(out, []);
  out.end(start);
}

function writeNiciraRequest(out: WireWriter, xid: number): void {
  const start = beginRequest(out, xid, Part.experimenter);
  out.u32(NICIRA);
  out.u32(NX_FLOW_MONITOR);
  out.u32(0);
  out.u32(MONITOR_ID);
  out.u16(FLAGS);
  out.u16(NX_ANY_PORT);
  out.u16(0); // A match on everything has no octets.
  out.u8(ALL_TABLES);
  out.zeros(5);
  out.end(start);
}

/**
 * Whose flow changed: `own` by this connection; `ours` by another; `foreign` a flow without our cookie. `lost`: the
 * switch paused or resumed its notifications, so changes may be missing.
 */
export type FlowNews = 'own' | 'ours' | 'foreign' | 'lost';

/** The values of `ofp_flow_update_event` and of `nx_flow_update_event`. */
const EVENTS: readonly FlowEvent[] = ['added', 'added', 'removed', 'modified', 'own', 'lost', 'lost'];
const NX_EVENTS: readonly FlowEvent[] = ['added', 'removed', 'modified', 'own'];
type FlowEvent = 'added' | 'removed' | 'modified' | 'own' | 'lost';

/**
 * Reads the updates in a reply of a flow monitor, each `length | event | 12 octets | cookie | …`. A modified flow
 * counts as ours, because it may have had our cookie before.
 * @throws MalformedMessage
 */
export function readFlowNews({ part, body }: Reply): Set<FlowNews> {
  const events = part === Part.experimenter ? NX_EVENTS : EVENTS;
  if (part === Part.experimenter) body.skip(12);
  const news = new Set<FlowNews>();
  while (body.remaining > 0) news.add(readUpdate(body.part(body.u16() - 2), events));
  return news;
}

function readUpdate(update: WireReader, events: readonly FlowEvent[]): FlowNews {
  const event = events[update.u16()] ?? 'lost';
  if (event === 'own' || event === 'lost') return event;
  update.skip(12);
  return isOurCookie(update.u64()) || event === 'modified' ? 'ours' : 'foreign';
}

/** Returns whether a message is a notification of a flow monitor, or its first answer. */
export function isFlowMonitorReply({ part }: Reply): boolean {
  return part === Part.flowMonitor || part === Part.experimenter;
}
