import type { BridgeState, NodePort, RestrictedPort } from '../demux/state.js';
import { demuxFlows, nodePortFlows, restrictedFlows, servedFlows } from '../demux/table.js';
import type { IpAddress } from '../net/ip.js';
import type { Flow } from '../openflow/flow.js';
import type { Keyed } from '../openflow/keyed.js';
import { byKey } from '../openflow/reconcile.js';
import type { Exposure } from './state_exposure.js';

/** The flows that a state wants, and the state: the next ones are made from it. */
export interface Desired {
  readonly bridgeState: BridgeState;
  readonly exposure: Exposure;
  readonly flows: Keyed<Flow>;
  /** The flows of one node port, of one served address and of one of its restricted ports on this bridge. */
  readonly flowsOf: {
    readonly nodePort: (nodePort: NodePort) => readonly Flow[];
    readonly served: (address: IpAddress) => readonly Flow[];
    readonly restricted: (port: RestrictedPort) => readonly Flow[];
  };
}

/**
 * Returns the flows of `demuxFlows` for a state. With the `last` result at hand this costs only what differs, because
 * the flows of a node port, a served address or a restricted port depend on it and on the state of the bridge alone.
 */
export function desiredFlows(bridgeState: BridgeState, exposure: Exposure, last?: Desired): Desired {
  if (last === undefined || !isSame(last.bridgeState, bridgeState)) {
    const flowsOf = {
      nodePort: nodePortFlows(bridgeState),
      served: servedFlows(bridgeState),
      restricted: restrictedFlows(bridgeState),
    };
    return { bridgeState, exposure, flows: byKey(demuxFlows({ ...bridgeState, ...exposure })), flowsOf };
  }
  const { flowsOf } = last;
  const flows = last.flows.with([
    ...changes(last.exposure.nodePorts, exposure.nodePorts, flowsOf.nodePort),
    ...changes(last.exposure.served, exposure.served, flowsOf.served),
    ...changes(last.exposure.restricted, exposure.restricted, flowsOf.restricted),
  ]);
  return { bridgeState, exposure, flows, flowsOf };
}

/** Returns the keys that leave, and after them the flows that come: a flow of both stays. */
function changes<E>(
  before: Keyed<E>,
  after: Keyed<E>,
  flowsOf: (exposed: E) => readonly Flow[],
): (readonly [string, Flow | undefined])[] {
  const differences = before.differences(after);
  const flows = (exposed: E | undefined) => (exposed === undefined ? [] : flowsOf(exposed));
  return [
    ...differences.flatMap((one) => flows(one.before).map(({ key }) => [key, undefined] as const)),
    ...differences.flatMap((one) => flows(one.after).map((flow) => [flow.key, flow] as const)),
  ];
}

function isSame(one: BridgeState, other: BridgeState): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}
