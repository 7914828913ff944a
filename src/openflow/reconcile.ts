import type { Bundle } from './bundle.js';
import type { Flow, InstalledFlow } from './flow.js';

/**
 * What must be sent so that the switch has exactly `desired` among the flows that carry our cookies.
 *
 * A flow that is missing or differs is added (an add replaces the flow with the same key, OpenFlow 1.4.1
 * section 6.4), one that is ours and not wanted is deleted strictly and by its cookie, so that a flow which
 * somebody else put in its place meanwhile stays.
 */
export function diffFlows(desired: readonly Flow[], installed: readonly InstalledFlow[]): Bundle {
  const byKey = new Map(installed.map((one) => [one.key, one]));
  const add = desired.filter((wanted) => {
    const found = byKey.get(wanted.key);
    return found?.text !== wanted.text || found.cookie !== wanted.cookie;
  });
  const wantedKeys = new Set(desired.map(({ key }) => key));
  return { add, remove: installed.filter(({ key }) => !wantedKeys.has(key)) };
}
