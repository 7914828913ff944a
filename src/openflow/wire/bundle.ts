import { MalformedMessage } from './errors.js';
import { type Message, Type } from './message.js';
import { WireReader } from './reader.js';
import type { WireWriter } from './writer.js';

/** `ofp_bundle_ctrl_type` (OpenFlow 1.4.1 section 7.3.9.2). The type of a reply is that of its request plus one. */
export const Control = { open: 0, commit: 4, discard: 6 } as const;
/** `OFPBF_ATOMIC | OFPBF_ORDERED`. */
const FLAGS = 3;

export function writeBundleControl(
  out: WireWriter,
  xid: number,
  bundle: number,
  type: (typeof Control)[keyof typeof Control],
): void {
  const start = out.begin(Type.bundleControl, xid);
  out.u32(bundle);
  out.u16(type);
  out.u16(FLAGS);
  out.end(start);
}

/** Begins a message that adds the next written one, with the same `xid`, to the bundle. `end` of the writer ends it. */
export function beginBundleAdd(out: WireWriter, xid: number, bundle: number): number {
  const start = out.begin(Type.bundleAddMessage, xid);
  out.u32(bundle);
  out.u16(0);
  out.u16(FLAGS);
  return start;
}

/** Returns whether `message` is the reply to a control message of `type`. @throws MalformedMessage */
export function isBundleReply(message: Message, bundle: number, type: number): boolean {
  if (message.type !== Type.bundleControl) return false;
  const reader = new WireReader(message.body);
  if (reader.u32() !== bundle) throw new MalformedMessage('a reply to another bundle');
  return reader.u16() === type + 1;
}
