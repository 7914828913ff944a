import type { Loop } from '../../daemon/loop.js';
import type { Daemon } from '../../daemon/main.js';
import type { Problems } from '../../daemon/problems.js';
import { formatState } from '../../demux/state_json.js';
import { ProductError } from '../../net/errors.js';
import type { FlowChannel } from '../../openflow/channel.js';
import { readFlows } from '../../openflow/read_flows.js';
import type { Announcer } from '../apply_announcements.js';
import type { BridgeKeeper } from '../bridge_keeper.js';
import type { Sources } from '../sources.js';
import { formatMetrics } from './metrics.js';
import { countersJson, formatCounters, formatStatus, type Status, statusJson } from './status.js';

/** What the commands read. */
export interface Reported {
  readonly channel: FlowChannel;
  readonly keeper: BridgeKeeper;
  readonly loop: Loop;
  readonly sources: Sources;
  readonly announcer: Announcer;
  readonly problems: Problems;
}

/** Registers the helper's own commands of `ovs-appctl -t ovn-k8s-gateway-helper`. */
export function registerCommands(daemon: Daemon, reported: Reported): void {
  const { channel, keeper } = reported;
  const status = () => readStatus(reported);
  daemon.register('status', '[--json]', 0, 1, async ([option]) =>
    isJson(option) ? statusJson(await status()) : formatStatus(await status()),
  );
  daemon.register('metrics/show', '', 0, 0, async () =>
    formatMetrics(await status(), await readFlows(channel)),
  );
  daemon.register('state/show', '', 0, 0, () => {
    if (keeper.state === undefined)
      throw new ProductError('ERR_NO_STATE', 'there is no state yet: see status');
    return formatState(keeper.state);
  });
  daemon.register('demux/show', '[--json]', 0, 1, async ([option]) => {
    const installed = await readFlows(channel);
    return isJson(option) ? countersJson(installed) : formatCounters(installed);
  });
  daemon.register('flow/sync', '', 0, 0, async () => {
    await keeper.sync();
    return 'flows are in place';
  });
}

async function readStatus(reported: Reported): Promise<Status> {
  const { channel, keeper, loop, sources, announcer, problems } = reported;
  const { ovs, bridge, guard, neighbours, snatPorts } = sources;
  const fill = await snatPorts.look();
  return {
    state: keeper.state,
    synced: keeper.synced,
    isOpen: bridge.isOpen,
    problems: problems.current,
    totals: {
      looks: loop.totals.steps,
      ...keeper.totals,
      failures: loop.totals.failures,
      switchRestarts: ovs.restarts,
    },
    channel: channel.describe(),
    fill,
    limit: guard.limit,
    neighbours: { ...neighbours.status, announced: announcer.total },
  };
}

function isJson(option: string | undefined): boolean {
  if (option === undefined || option === '--json') return option === '--json';
  throw new ProductError('ERR_ARGUMENTS', `unknown argument ${option}; only --json is known`);
}
