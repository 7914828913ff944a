import { askDaemon } from '../../daemon/ask.js';
import { GATEWAY_HELPER } from '../../daemon/programs.js';
import type { HelperStatus } from './facts.js';

/** The fields of `ovs-appctl -t ovn-k8s-gateway-helper status --json` that are read. */
interface StatusReply {
  readonly synced?: unknown;
  readonly state?: { readonly demux?: { readonly mode?: unknown }; readonly answersServed?: unknown } | null;
  readonly problems?: unknown;
  readonly externalIpCidrs?: unknown;
}

/**
 * Reads the status of the running helper.
 * @throws ProductError if no helper runs or it does not answer
 */
export async function readHelper(rundir: string, timeoutMs: number): Promise<HelperStatus> {
  const text = await askDaemon({ program: GATEWAY_HELPER, rundir, timeoutMs }, 'status', ['--json']);
  const { synced, state, problems, externalIpCidrs }: StatusReply = JSON.parse(text);
  const mode = state?.demux?.mode;
  return {
    synced: synced === true,
    demux: mode === 'conntrack' || mode === 'port-range' ? mode : undefined,
    answersServed: state?.answersServed !== false,
    externalIpCidrs: typeof externalIpCidrs === 'string' ? externalIpCidrs : undefined,
    problems: Array.isArray(problems) ? problems.map(String) : [],
  };
}
