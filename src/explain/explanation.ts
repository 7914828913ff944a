import type { PacketClass } from '../demux/classes.js';
import type { Side } from '../demux/classifier.js';
import { explainer, type PacketFields, roleOf } from '../demux/explain.js';
import { readFrame } from '../demux/packet_fields.js';
import type { GatewayState } from '../demux/state.js';
import { demuxFlows } from '../demux/table.js';
import { ProductError } from '../net/errors.js';
import { trackedAs } from '../openflow/ct_state.js';
import { LOCAL, type Ofport } from '../openflow/ofport.js';
import type { CtState, Trace } from './trace.js';

/** The ports of a gateway's bridge that have a name. */
export const NAMED_SIDES = ['phys', 'local', 'patch'] as const satisfies readonly Side[];
export type NamedSide = (typeof NAMED_SIDES)[number];

/** What is done with a packet, and why. */
export interface Explanation {
  /** From 1, in the order in which packets were given. */
  readonly number: number;
  /** `truncated` where the capture holds too little of the packet to tell. */
  readonly class: PacketClass | 'truncated';
  /** The flow that decides, as `ovs-ofctl dump-flows` prints it; `null` for a truncated packet. */
  readonly flow: string | null;
  /** The ports that it leaves by, by their role; none: it is dropped. */
  readonly output: readonly string[];
  readonly fields: PacketFields;
  readonly isMalformed: boolean;
  /** Of an ICMP error: the packet that it is about. */
  readonly quoted: PacketFields | undefined;
}

/**
 * The number of the port that packets come in by.
 * @throws ProductError `ERR_NO_PORT` where the bridge has none of that name
 */
export function inPortOf(state: GatewayState, side: NamedSide): Ofport {
  const port = { phys: state.phys, local: LOCAL, patch: state.patch }[side];
  if (port === undefined)
    throw new ProductError('ERR_NO_PORT', `${state.bridge} has no port for --in=${side} now`);
  return port;
}

/** What the flows of `state` do with packets that come in by `side`. */
export function explainFrames(
  state: GatewayState,
  side: NamedSide,
  ct: CtState,
): (number: number, frame: Uint8Array, wireLength: number) => Explanation {
  const inPort = BigInt(inPortOf(state, side));
  const follow = explainer(demuxFlows(state));
  return (number, frame, wireLength) => {
    const { fields, malformed, cut, quoted } = readFrame(frame, wireLength);
    const seen = { number, fields, isMalformed: malformed, quoted };
    if (cut) return { ...seen, class: 'truncated', flow: null, output: [] };
    const verdict = follow(new Map([...fields, ['in_port', inPort]]), trackedAs(ct));
    if (verdict.class === undefined || verdict.flow === undefined)
      throw new ProductError('ERR_NO_FLOW', `no flow of ${state.bridge} decides on packet ${number}`);
    const output = verdict.output.map((port) => roleOf(port, state));
    return { ...seen, class: verdict.class, flow: verdict.flow, output };
  };
}

/** Whether the switch does with the packet what is explained; in no order, as all copies leave at once. */
export function agrees(explanation: Explanation, trace: Trace, state: GatewayState): boolean {
  const traced = trace.output.map((port) => roleOf(port, state)).toSorted();
  return explanation.class === trace.class && explanation.output.toSorted().join() === traced.join();
}
