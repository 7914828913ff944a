import test from 'ava';
import { SILENT } from '../../../src/daemon/log.js';
import { Loop } from '../../../src/daemon/loop.js';
import type { Daemon } from '../../../src/daemon/main.js';
import { Problems } from '../../../src/daemon/problems.js';
import type { CommandHandler } from '../../../src/daemon/unixctl_server.js';
import type { GatewayState } from '../../../src/demux/state.js';
import { parseState } from '../../../src/demux/state_json.js';
import type { Announcer } from '../../../src/gateway/apply_announcements.js';
import type { BridgeKeeper } from '../../../src/gateway/bridge_keeper.js';
import { registerCommands } from '../../../src/gateway/report/commands.js';
import type { Sources } from '../../../src/gateway/sources.js';
import type { FlowChannel } from '../../../src/openflow/channel.js';
import { GATEWAY } from '../../demux/sample.js';

/** Registers the commands of a helper that has `state`, or none; returns how to run one, and how often a sync was asked for. */
function begin(state: GatewayState | null = GATEWAY) {
  const handlers = new Map<string, CommandHandler>();
  const daemon = {
    register: (name: string, _usage: string, _min: number, _max: number, handler: CommandHandler) =>
      handlers.set(name, handler),
  } as unknown as Daemon;
  const problems = new Problems(SILENT);
  problems.set('a test', ['one problem']);
  let syncs = 0;
  registerCommands(daemon, {
    channel: { eachFlow: async () => undefined, describe: () => 'a channel' } as unknown as FlowChannel,
    keeper: {
      state: state ?? undefined,
      synced: true,
      totals: { bundles: 2, flowsAdded: 70, flowsRemoved: 3 },
      sync: async () => {
        syncs++;
      },
    } as unknown as BridgeKeeper,
    loop: new Loop({ auditMs: 1_000, retry: { firstMs: 1 }, problems }),
    sources: {
      ovs: { restarts: 4 },
      bridge: { isOpen: true },
      neighbours: { status: { isHeard: true, claimsHeard: 0, claims: [], routers: [] } },
      guard: { limit: undefined },
      snatPorts: { look: async () => undefined },
    } as unknown as Sources,
    announcer: { total: 5 } as unknown as Announcer,
    problems,
  });
  const run = async (name: string, ...args: readonly string[]) => {
    const handler = handlers.get(name);
    if (handler === undefined) throw new Error(`there is no command ${name}`);
    return handler(args);
  };
  return { handlers, run, syncs: () => syncs };
}

test('the helper has its commands', (t) => {
  t.deepEqual([...begin().handlers.keys()].toSorted(), [
    'demux/show',
    'flow/sync',
    'metrics/show',
    'state/show',
    'status',
  ]);
});

test('status is gathered from every part, as text and as JSON', async (t) => {
  const { run } = begin();
  t.like(JSON.parse(await run('status', '--json')), {
    synced: true,
    isOpen: true,
    problems: ['one problem'],
    totals: { looks: 0, bundles: 2, flowsAdded: 70, flowsRemoved: 3, failures: 0, switchRestarts: 4 },
    channel: 'a channel',
    podPorts: null,
    neighbours: { announced: 5 },
  });
  t.regex(await run('status'), /^problem: +one problem$/m);
  t.regex(await run('metrics/show'), /^ovn_k8s_gateway_switch_restarts_total 4$/m);
});

test('an argument that a command does not know is refused', async (t) => {
  const { run } = begin();
  await t.throwsAsync(run('status', '--xml'), { code: 'ERR_ARGUMENTS', message: /--xml/ });
  await t.throwsAsync(run('demux/show', 'all'), { code: 'ERR_ARGUMENTS' });
});

test('state/show prints a state that can be parsed, or reports that there is none', async (t) => {
  t.deepEqual(parseState(await begin().run('state/show')), GATEWAY);
  await t.throwsAsync(begin(null).run('state/show'), { code: 'ERR_NO_STATE' });
});

test('flow/sync answers when the flows are in place', async (t) => {
  const { run, syncs } = begin();
  t.is(await run('flow/sync'), 'flows are in place');
  t.is(syncs(), 1);
});
