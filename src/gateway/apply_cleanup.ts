import type { FlowChannel } from '../openflow/channel.js';
import { flow } from '../openflow/flow.js';
import { readFlows } from '../openflow/read_flows.js';

/** The flow of a bridge without a helper, as ovs-vswitchd makes it for `fail-mode=standalone`. */
const NORMAL_FLOW = flow({ table: 0, priority: 0, match: [], actions: [{ kind: 'normal' }] }, () => 0n);

/**
 * Replaces our flows by one NORMAL flow, in one bundle, so that the bridge is never without a flow.
 * @throws SwitchUnreachable, BundleRefused, BundleUnknown
 */
export async function cleanUp(channel: FlowChannel): Promise<void> {
  const ours = await readFlows(channel);
  // Adding NORMAL replaces the flow of ours that has the same key.
  const remove = ours.filter(({ key }) => key !== NORMAL_FLOW.key);
  await channel.apply({ add: [NORMAL_FLOW], remove });
  await channel.setFragments('normal');
}
