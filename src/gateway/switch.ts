import type { GatewayFrame } from '../demux/state.js';
import type { FlowChannel } from '../openflow/channel.js';
import { flow, type InstalledFlow } from '../openflow/flow.js';
import { readFlows } from '../openflow/read_flows.js';

/**
 * Sets what the flows rely on: later fragments matched as such, and no copy of a flooded frame for OVN.
 * @throws SwitchUnreachable
 */
export async function reconcileSettings(
  channel: FlowChannel,
  { patch }: GatewayFrame,
): Promise<readonly string[]> {
  const actual = await channel.readSettings();
  const changed: string[] = [];
  if (actual.fragments !== 'nx-match') {
    await channel.setFragments('nx-match');
    changed.push(`fragments ${actual.fragments} -> nx-match`);
  }
  if (patch !== undefined && !actual.noFlood.has(patch)) {
    await channel.setNoFlood(patch, true);
    changed.push(`port ${patch} no-flood`);
  }
  return changed;
}

/** The flow of a bridge without a helper, as ovs-vswitchd itself makes it for `fail-mode=standalone`. */
const NORMAL_FLOW = flow({ table: 0, priority: 0, match: [], actions: [{ kind: 'normal' }] }, () => 0n);

/**
 * Replaces our flows by one NORMAL flow, in one bundle, so that the bridge is never without one.
 * @throws SwitchUnreachable, BundleRefused, BundleUnknown
 */
export async function cleanUp(channel: FlowChannel): Promise<void> {
  const ours = await readFlows(channel);
  await channel.apply({ add: [NORMAL_FLOW], remove: ours.filter(isNotReplaced) });
  await channel.setFragments('normal');
}

function isNotReplaced({ key }: InstalledFlow): boolean {
  return key !== NORMAL_FLOW.key;
}
