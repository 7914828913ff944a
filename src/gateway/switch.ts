import type { GatewayState } from '../demux/state.js';
import { bundleSize } from '../openflow/bundle.js';
import type { FlowChannel } from '../openflow/channel.js';
import { type Flow, flow, type InstalledFlow } from '../openflow/flow.js';
import { diffFlows } from '../openflow/reconcile.js';

/** What one look at the switch changed. */
export interface Applied {
  readonly added: number;
  readonly removed: number;
  /** Settings beside the flows that were put right, as an operator would name them. */
  readonly settings: readonly string[];
}

/**
 * Makes the switch's flows the desired ones: reads, compares, and sends one bundle if anything differs.
 * @throws SwitchUnreachable, BundleRefused, BundleUnknown
 */
export async function reconcileFlows(
  channel: FlowChannel,
  makeFlows: () => readonly Flow[],
): Promise<Applied> {
  // The switch is asked first: while it is, the flows are made.
  const [installed, desired] = await Promise.all([channel.readFlows(), makeFlows()]);
  const bundle = diffFlows(desired, installed);
  if (bundleSize(bundle) > 0) await channel.apply(bundle);
  return { added: bundle.add.length, removed: bundle.remove.length, settings: [] };
}

/**
 * Sets what the flows rely on: later fragments matched as such, and no copy of a flooded frame for OVN.
 * @throws SwitchUnreachable
 */
export async function reconcileSettings(
  channel: FlowChannel,
  { patch }: GatewayState,
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
  const ours = await channel.readFlows();
  await channel.apply({ add: [NORMAL_FLOW], remove: ours.filter(isNotReplaced) });
  await channel.setFragments('normal');
}

function isNotReplaced({ key }: InstalledFlow): boolean {
  return key !== NORMAL_FLOW.key;
}
