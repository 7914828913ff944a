import type { PacketClass } from '../../demux/classes.js';
import { type Count, countByClass } from '../../demux/counters.js';
import type { GatewayState } from '../../demux/state.js';
import { formatPortRange } from '../../net/ports.js';
import { printableJson, printableLine } from '../../net/printable.js';
import type { InstalledFlow } from '../../openflow/flow.js';
import type { NeighbourStatus } from '../sources/neighbours.js';
import { formatFill, type PortFill } from '../state_port_fill.js';

/** What the helper has done since its start. */
export interface Totals {
  /** Steps of the loop. */
  readonly looks: number;
  readonly bundles: number;
  readonly flowsAdded: number;
  readonly flowsRemoved: number;
  /** Steps that failed. */
  readonly failures: number;
  readonly switchRestarts: number;
}

/** What `status` and `metrics/show` print. */
export interface Status {
  readonly state: GatewayState | undefined;
  /** Whether flows and settings are in place. */
  readonly synced: boolean;
  /** Whether OVN has the bridge's patch port. */
  readonly isOpen: boolean;
  readonly problems: readonly string[];
  readonly totals: Totals;
  /** What carries the flows to the switch. */
  readonly channel: string;
  /** How full the pods' port range is; `undefined` without a range, or if the switch does not answer. */
  readonly fill: PortFill | undefined;
  /** The limit on services' external addresses; `undefined` without one. */
  readonly limit: string | undefined;
  readonly neighbours: NeighbourStatus & {
    /** How many served addresses were announced. */
    readonly announced: number;
  };
}

/** Returns `status` for people: one fact a line. */
export function formatStatus(status: Status): string {
  const { state, synced, isOpen, problems, totals, channel, fill, neighbours } = status;
  const lines = [
    ['flows', synced ? 'in place' : 'NOT in place'],
    ['gate', isOpen ? 'open to OVN' : 'closed to OVN until the flows are in place'],
    ...(state === undefined ? [] : stateLines(state)),
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
  return lines.map(([name = '', value = '']) => `${`${name}:`.padEnd(11)}${printableLine(value)}\n`).join('');
}

function stateLines(state: GatewayState): string[][] {
  const { bridge, mac, addresses, phys, patch, otherPorts, demux, answersServed } = state;
  const range = demux.mode === 'port-range' ? ` ${formatPortRange(demux.range)}` : '';
  return [
    ['bridge', `${bridge} (${mac})`],
    ['addresses', addresses.join(', ') || 'none'],
    ['ports', `phys ${phys ?? 'absent'}, patch ${patch ?? 'absent'}${otherPorts ? ', others' : ''}`],
    ['demux', `${demux.mode}${range}`],
    ...(answersServed ? [] : [['external', 'a speaker answers for external addresses']]),
  ];
}

/** Returns `status --json`, for scripts. */
export function statusJson({
  state,
  synced,
  isOpen,
  problems,
  totals,
  channel,
  fill,
  limit,
  neighbours,
}: Status): string {
  return printableJson({
    synced,
    isOpen,
    state: state ?? null,
    problems,
    totals,
    channel,
    podPorts: fill ?? null,
    externalIpCidrs: limit ?? null,
    neighbours,
  });
}

/** Returns `demux/show`: packets and bytes of each class, in the table's order. */
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

/** Returns `demux/show --json`: an object with one entry a class. */
export function countersJson(installed: readonly InstalledFlow[]): string {
  const entries = [...countByClass(installed)].map(([name, { packets, bytes }]: [PacketClass, Count]) => [
    name,
    { packets: Number(packets), bytes: Number(bytes) },
  ]);
  return JSON.stringify(Object.fromEntries(entries));
}
