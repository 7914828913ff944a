import type { Bundle } from './bundle.js';
import type { Flow, FlowIdentity } from './flow.js';
import { Keyed } from './keyed.js';

/**
 * What must be sent so that the switch has exactly `desired` among the flows that carry our cookies. It costs what
 * differs where one of the two was made from the other.
 *
 * A flow that is missing or differs is added (an add replaces the flow with the same key, OpenFlow 1.4.1
 * section 6.4), one that is ours and not wanted is deleted strictly and by its cookie, so that a flow which
 * somebody else put in its place meanwhile stays.
 */
export function diffFlows(desired: Keyed<Flow>, installed: Keyed<FlowIdentity>): Bundle {
  const differences = installed.differences(desired);
  return {
    add: differences.flatMap(({ before, after }) =>
      after === undefined || (before?.text === after.text && before.cookie === after.cookie) ? [] : [after],
    ),
    remove: differences.flatMap(({ before, after }) =>
      before === undefined || after !== undefined ? [] : [before],
    ),
  };
}

/** Flows by what OpenFlow identifies them by. */
export function byKey<F extends FlowIdentity>(flows: readonly F[]): Keyed<F> {
  return Keyed.of(flows.map((one) => [one.key, one]));
}
