import { isOurCookie } from '../cookie.js';
import { writeMatch } from './match.js';
import { OFP10 } from './message.js';
import { beginRequest, Part, type Reply } from './multipart.js';
import type { WireReader } from './reader.js';
import type { WireWriter } from './writer.js';

const MONITOR_ID = 1;
const ANY = 0xffffffff;
const ALL_TABLES = 0xff;
/** Additions, removals and modifications; of what the connection did itself only that it did it. */
const FLAGS = 0x2 | 0x4 | 0x8;
/** Nicira's number as an experimenter, and that of its flow monitor. */
const NICIRA = 0x2320;
const NX_FLOW_MONITOR = 2;
const NX_ANY_PORT = 0xffff;

/**
 * Asks to be told of changes to the flows of the bridge: in OpenFlow 1.4 by its own request (section 7.3.5.17),
 * which OVS has since 2.16, in OpenFlow 1.0 by Nicira's, which every OVS has.
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

/** What a switch tells of a change; `lost`: it stopped telling, or began again, and what was between is not known. */
export type FlowNews = 'own' | 'ours' | 'foreign' | 'lost';

/** `ofp_flow_update_event`, and `nx_flow_update_event` where that differs. */
const EVENTS: readonly FlowEvent[] = ['added', 'added', 'removed', 'modified', 'own', 'lost', 'lost'];
const NX_EVENTS: readonly FlowEvent[] = ['added', 'removed', 'modified', 'own'];
type FlowEvent = 'added' | 'removed' | 'modified' | 'own' | 'lost';

/**
 * Reads the updates in a reply of a flow monitor, each `length | event | 12 octets | cookie | …`: which concern
 * flows with our cookies. A flow that is modified may have been ours before.
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

/** Whether a message is news of a flow monitor, or its first answer. */
export function isFlowMonitorReply({ part }: Reply): boolean {
  return part === Part.flowMonitor || part === Part.experimenter;
}
