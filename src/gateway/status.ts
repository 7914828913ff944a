import type { PacketClass } from '../demux/classes.js';
import { type Count, countByClass } from '../demux/counters.js';
import type { GatewayState } from '../demux/state.js';
import { formatPortRange } from '../net/ports.js';
import type { InstalledFlow } from '../openflow/flow.js';
import type { Totals } from './controller.js';
import type { NeighbourStatus } from './neighbourhood.js';
import { formatFill, type PortFill } from './snat_ports.js';

/** What `status` tells. */
export interface Status {
  readonly state: GatewayState | undefined;
  readonly synced: boolean;
  readonly problems: readonly string[];
  readonly totals: Totals;
  /** What carries the flows to the switch. */
  readonly channel: string;
  /** How full the pods' port range is; `undefined` where there is none, or the switch does not say. */
  readonly fill: PortFill | undefined;
  readonly neighbours: NeighbourStatus;
}

/** `status` for people: one fact a line. */
export function formatStatus({ state, synced, problems, totals, channel, fill, neighbours }: Status): string {
  const range = state?.demux.mode === 'port-range' ? ` ${formatPortRange(state.demux.range)}` : '';
  const facts =
    state === undefined
      ? []
      : [
          ['bridge', `${state.bridge} (${state.mac})`],
          ['addresses', state.addresses.join(', ') || 'none'],
          [
            'ports',
            `phys ${state.phys ?? 'absent'}, patch ${state.patch ?? 'absent'}${state.otherPorts ? ', others' : ''}`,
          ],
          ['demux', `${state.demux.mode}${range}`],
        ];
  const lines = [
    ['flows', synced ? 'in place' : 'NOT in place'],
    ...facts,
    ['channel', channel],
    ...(fill === undefined ? [] : [['pod ports', formatFill(fill)]]),
    ...neighbours.routers.map(({ address, mac, changes }) => [
      'router',
      `${address} at ${mac}${changes === 0 ? '' : `, changed ${changes} times`}`,
    ]),
    ['announced', `${neighbours.announced} addresses`],
    ...neighbours.claims.map(({ address, mac, count, last }) => [
      'claim',
      `${address} by ${mac}, ${count} times, last at ${last}`,
    ]),
    [
      'looks',
      `${totals.looks}, bundles ${totals.bundles}, flows added ${totals.flowsAdded}, deleted ${totals.flowsRemoved}`,
    ],
    ['failures', `${totals.failures}, switch restarts ${totals.switchRestarts}`],
    ...problems.map((problem) => ['problem', problem]),
  ];
  return lines.map(([name = '', value = '']) => `${`${name}:`.padEnd(11)}${value}\n`).join('');
}

/** `status --json`, for scripts. */
export function statusJson({ state, synced, problems, totals, channel, fill, neighbours }: Status): string {
  return JSON.stringify({
    synced,
    state: state ?? null,
    problems,
    totals,
    channel,
    podPorts: fill ?? null,
    neighbours,
  });
}

/** `demux/show`: packets and bytes of each class, in the table's order. */
export function formatCounters(installed: readonly InstalledFlow[]): string {
  const rows = [...countByClass(installed)].map(([name, { packets, bytes }]) => [
    name,
    String(packets),
    String(bytes),
  ]);
  return [['class', 'packets', 'bytes'], ...rows]
    .map(
      ([name = '', packets = '', bytes = '']) =>
        `${name.padEnd(18)}${packets.padStart(14)}${bytes.padStart(18)}\n`,
    )
    .join('');
}

/** `demux/show --json`: an object with an entry a class. */
export function countersJson(installed: readonly InstalledFlow[]): string {
  const entries = [...countByClass(installed)].map(([name, { packets, bytes }]: [PacketClass, Count]) => [
    name,
    { packets: Number(packets), bytes: Number(bytes) },
  ]);
  return JSON.stringify(Object.fromEntries(entries));
}
