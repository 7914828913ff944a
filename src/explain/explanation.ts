import type { ClassName } from '../capture/counts.js';
import { FlowTables } from '../demux/lookup.js';
import { type PacketFields, readFrame } from '../demux/packet_fields.js';
import { formatRole, type NamedRole, portOf } from '../demux/port_role.js';
import type { GatewayState } from '../demux/state.js';
import { demuxFlows } from '../demux/table.js';
import { ProductError } from '../net/errors.js';
import { type CtState, trackedAs } from '../openflow/ct_state.js';
import type { Ofport } from '../openflow/ofport.js';
import type { Trace } from './trace.js';

/** What the bridge does with a packet, and why. */
export interface Explanation {
  /** The packet's number, from 1, in the order in which packets were given. */
  readonly number: number;
  /** `truncated` if the capture holds too little of the packet to classify it. */
  readonly class: ClassName;
  /** The flow that decides, as `ovs-ofctl dump-flows` prints it; `null` for a truncated packet. */
  readonly flow: string | null;
  /** The roles of the ports that the packet leaves by. Empty: dropped. */
  readonly output: readonly string[];
  readonly fields: PacketFields;
  readonly isMalformed: boolean;
  /** The packet that an ICMP error quotes. */
  readonly quoted: PacketFields | undefined;
}

/**
 * Returns the number of the port that packets come in by.
 * @throws ProductError `ERR_NO_PORT` if the bridge has no port with this role
 */
export function inPortOf(state: GatewayState, role: NamedRole): Ofport {
  const port = portOf(role, state);
  if (port === undefined)
    throw new ProductError('ERR_NO_PORT', `${state.bridge} has no port for --in=${role} now`);
  return port;
}

/** Returns a function that explains what the flows of `state` do with a frame that comes in by the port `from`. */
export function frameExplainer(
  state: GatewayState,
  from: NamedRole,
  ct: CtState,
): (number: number, frame: Uint8Array, wireLength: number) => Explanation {
  const inPort = BigInt(inPortOf(state, from));
  const tables = new FlowTables(demuxFlows(state));
  return (number, frame, wireLength) => {
    const { fields, malformed, cut, quoted } = readFrame(frame, wireLength);
    const packet = { number, fields, isMalformed: malformed, quoted };
    if (cut) return { ...packet, class: 'truncated', flow: null, output: [] };
    const verdict = tables.lookup(new Map([...fields, ['in_port', inPort]]), trackedAs(ct));
    if (verdict.class === undefined || verdict.flow === undefined)
      throw new ProductError('ERR_NO_FLOW', `no flow of ${state.bridge} matches packet ${number}`);
    const output = verdict.output.map((port) => formatRole(port, state));
    return { ...packet, class: verdict.class, flow: verdict.flow, output };
  };
}

/** Whether the switch does with the packet what `explanation` says. The order of outputs does not matter. */
export function agrees(explanation: Explanation, trace: Trace, state: GatewayState): boolean {
  const traced = trace.output.map((port) => formatRole(port, state)).toSorted();
  return explanation.class === trace.class && explanation.output.toSorted().join() === traced.join();
}
