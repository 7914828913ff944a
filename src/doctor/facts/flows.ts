import { type CookieRange, isOurCookie } from '../../openflow/cookie.js';
import type { InstalledFlow } from '../../openflow/flow.js';
import { ofctlChannel } from '../../openflow/ofctl.js';
import type { FlowFacts } from './facts.js';

type SwitchFlows = Extract<FlowFacts['switch'], { isKnown: true }>['value'];

const ANY_COOKIE: CookieRange = { cookie: 0n, mask: 0n };

/** Reads all flows and the settings of a bridge. @throws SwitchUnreachable */
export async function readSwitchFlows(
  bridge: string,
  rundir: string,
  timeoutMs: number,
): Promise<SwitchFlows> {
  const channel = ofctlChannel({ bridge, rundir, timeoutMs });
  const ours: InstalledFlow[] = [];
  const others: InstalledFlow[] = [];
  const sort = (flow: InstalledFlow) => (isOurCookie(flow.cookie) ? ours : others).push(flow);
  const [{ fragments, noFlood }] = await Promise.all([
    channel.readSettings(),
    channel.eachFlow(sort, ANY_COOKIE),
  ]);
  return { ours, others, fragments, noFlood };
}
