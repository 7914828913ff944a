import { type Message, OFP10, Type, Type10 } from './message.js';
import { WireReader } from './reader.js';
import type { WireWriter } from './writer.js';

/** `ofp_multipart_type` (OpenFlow 1.4.1 section 7.3.5). OVS has port descriptions in OpenFlow 1.0 too. */
export const Part = { flow: 1, portDescription: 13, flowMonitor: 16, experimenter: 0xffff } as const;

const MORE = 1;

/** Begins a multipart request. In OpenFlow 1.0 it is a statistics request, without padding. */
export function beginRequest(out: WireWriter, xid: number, part: number): number {
  const start = out.begin(out.version === OFP10 ? Type10.statsRequest : Type.multipartRequest, xid);
  out.u16(part);
  out.u16(0);
  if (out.version !== OFP10) out.u32(0);
  return start;
}

export interface Reply {
  readonly part: number;
  /** Whether more messages of the same reply follow. */
  readonly more: boolean;
  readonly body: WireReader;
}

/** Reads a multipart reply; returns `undefined` for any other message. @throws MalformedMessage */
export function readReply({ version, type, body }: Message): Reply | undefined {
  if (type !== (version === OFP10 ? Type10.statsReply : Type.multipartReply)) return undefined;
  const reader = new WireReader(body);
  const part = reader.u16();
  const more = (reader.u16() & MORE) !== 0;
  if (version !== OFP10) reader.skip(4);
  return { part, more, body: reader };
}
