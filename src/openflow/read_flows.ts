import type { FlowChannel } from './channel.js';
import type { CookieRange } from './cookie.js';
import type { InstalledFlow } from './flow.js';

/**
 * Reads the flows of the bridge whose cookies are ours, or in `range`, with their counters.
 * @throws SwitchUnreachable
 */
export async function readFlows(
  channel: Pick<FlowChannel, 'eachFlow'>,
  range?: CookieRange,
): Promise<InstalledFlow[]> {
  const flows: InstalledFlow[] = [];
  await channel.eachFlow((flow) => flows.push(flow), range);
  return flows;
}
