import type { Loop } from '../../daemon/loop.js';
import type { Daemon } from '../../daemon/main.js';
import type { Problems } from '../../daemon/problems.js';
import { FAMILIES } from '../../net/ip.js';
import { printableJson, printableLine } from '../../net/printable.js';
import { setOf } from '../desired_sets.js';
import type { Sources } from '../sources.js';
import type { TableKeeper } from '../table_keeper.js';

/** What the commands read. */
export interface Reported {
  readonly sources: Sources;
  readonly keeper: TableKeeper;
  readonly loop: Loop;
  readonly problems: Problems;
}

/** What `status` prints. */
export interface NodeStatus {
  readonly node: string | undefined;
  /** Whether the nft table is as it should be. */
  readonly synced: boolean;
  /** How many ports are translated. */
  readonly counts: { readonly external: number; readonly nodePorts: number; readonly hostPorts: number };
  readonly totals: {
    readonly looks: number;
    readonly transactions: number;
    readonly elements: number;
    readonly tables: number;
    readonly failures: number;
  };
  readonly problems: readonly string[];
}

/** Registers the daemon's own commands of `ovs-appctl -t ovn-k8s-node`. */
export function registerCommands(daemon: Daemon, reported: Reported): void {
  daemon.register('status', '[--json]', 0, 1, ([option]) =>
    option === '--json' ? printableJson(readStatus(reported)) : formatStatus(readStatus(reported)),
  );
}

/** Formats `status` for people: one fact a line. */
export function formatStatus({ node, synced, counts, totals, problems }: NodeStatus): string {
  const facts = [
    ['node', node ?? 'unknown'],
    ['table', synced ? 'in place' : 'NOT in place'],
    [
      'translated',
      `external ${counts.external}, node ports ${counts.nodePorts}, host ports ${counts.hostPorts}`,
    ],
    ['looks', `${totals.looks}, transactions ${totals.transactions}, elements ${totals.elements}`],
    ['failures', String(totals.failures)],
    ...problems.map((problem) => ['problem', problem]),
  ];
  return facts.map(([name = '', value = '']) => `${`${name}:`.padEnd(12)}${printableLine(value)}\n`).join('');
}

function readStatus({ sources, keeper, loop, problems }: Reported): NodeStatus {
  const count = (...names: readonly Parameters<typeof setOf>[0][]) =>
    names
      .flatMap((name) => FAMILIES.map((family) => keeper.sizeOf(setOf(name, family))))
      .reduce((sum, one) => sum + one, 0);
  const { steps, failures } = loop.totals;
  return {
    node: sources.node(),
    synced: keeper.isKept,
    counts: {
      external: count('external'),
      nodePorts: count('node_port'),
      hostPorts: count('host_port', 'host_port_at'),
    },
    totals: { looks: steps, ...keeper.totals, failures },
    problems: problems.current,
  };
}
