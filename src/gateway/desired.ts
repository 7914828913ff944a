import type { GatewayFrame } from '../demux/state.js';
import { demuxFlows, nodePortFlows, servedFlows } from '../demux/table.js';
import type { Flow } from '../openflow/flow.js';
import type { Keyed } from '../openflow/keyed.js';
import { byKey } from '../openflow/reconcile.js';
import type { ServiceClaims } from './services.js';

/** {@link GatewayState} as the loop has it: one is made from the other, and shares what services still claim. */
export type LoopState = GatewayFrame & ServiceClaims;

/**
 * `demuxFlows`, at the cost of what differs from the state it was asked for last: the flows of a node port or of a
 * served address follow from it and from the frame alone.
 */
export function desiredFlows(): (frame: GatewayFrame, claims: ServiceClaims) => Keyed<Flow> {
  let last:
    | {
        readonly frame: GatewayFrame;
        readonly follow: Follow;
        readonly flows: Keyed<Flow>;
        readonly claims: ServiceClaims;
      }
    | undefined;
  return (frame, claims) => {
    const before = last !== undefined && isSame(last.frame, frame) ? last : undefined;
    const follow = before?.follow ?? followClaims(frame);
    const flows = before
      ? follow(before.flows, before.claims, claims)
      : byKey(demuxFlows({ ...frame, ...claims }));
    last = { frame, follow, flows, claims };
    return flows;
  };
}

type Follow = (flows: Keyed<Flow>, before: ServiceClaims, after: ServiceClaims) => Keyed<Flow>;

function followClaims(frame: GatewayFrame): Follow {
  const [ofNodePort, ofServed] = [nodePortFlows(frame), servedFlows(frame)];
  return (flows, before, after) =>
    flows.with([
      ...changes(before.nodePorts, after.nodePorts, ofNodePort),
      ...changes(before.served, after.served, ofServed),
    ]);
}

/** What the flows of a claim that went leave, and then what those of one that came take. */
function changes<C>(
  before: Keyed<C>,
  after: Keyed<C>,
  flowsOf: (claim: C) => readonly Flow[],
): (readonly [string, Flow | undefined])[] {
  const differences = before.differences(after);
  const flows = (claim: C | undefined) => (claim === undefined ? [] : flowsOf(claim));
  return [
    ...differences.flatMap((one) => flows(one.before).map(({ key }) => [key, undefined] as const)),
    ...differences.flatMap((one) => flows(one.after).map((flow) => [flow.key, flow] as const)),
  ];
}

function isSame(one: GatewayFrame, other: GatewayFrame): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}
