import type { Bundle } from './bundle.js';
import type { Flow, FlowIdentity } from './flow.js';
import { Keyed } from './keyed.js';

/**
 * Returns the bundle after which the switch has exactly `desired` among the flows with our cookies. If one collection
 * was made from the other, this costs only what differs.
 *
 * A flow that is missing or differs is added; an add replaces the flow with the same key (OpenFlow 1.4.1 section
 * 6.4). A flow that is not desired is deleted strictly and by its cookie, so that a flow which another program put in
 * its place stays.
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

/** Collects flows by their key. */
export function byKey<F extends FlowIdentity>(flows: readonly F[]): Keyed<F> {
  return Keyed.of(flows.map((one) => [one.key, one]));
}
