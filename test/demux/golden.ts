// The golden files: one gateway state each, and every flow that it needs. `npm run goldens` rewrites them.
import { CLASSES, classOfId, priorityOf } from '../../src/demux/classes.js';
import type { Demux, GatewayState } from '../../src/demux/state.js';
import { demuxFlows } from '../../src/demux/table.js';
import { parseIp } from '../../src/net/ip.js';
import { formatPortRange } from '../../src/net/ports.js';
import { classIdOf, formatCookie } from '../../src/openflow/cookie.js';
import type { Flow } from '../../src/openflow/flow.js';
import { CONNTRACK, GATEWAY, IP4 } from './sample.js';

/** The directory of the golden files. */
export const GOLDEN_DIRECTORY = new URL('./goldens/', import.meta.url);

/** The states, by the name of their golden file. */
export const GOLDEN_STATES: ReadonlyMap<string, GatewayState> = new Map<string, GatewayState>([
  ['plain', { ...GATEWAY, addresses: [IP4] }],
  ['both_families', GATEWAY],
  ['conntrack', { ...GATEWAY, demux: CONNTRACK }],
  [
    'services',
    {
      ...GATEWAY,
      served: ['198.51.100.80', '2001:db8:1::80', 'fe80::80', IP4].map(parseIp),
      nodePorts: [
        { protocol: 'tcp', port: 30_080 },
        { protocol: 'udp', port: 30_053 },
        { protocol: 'sctp', port: 30_132 },
      ],
    },
  ],
  ['other_ports', { ...GATEWAY, otherPorts: true }],
  ['no_patch_port', { ...GATEWAY, patch: undefined }],
]);

/**
 * Formats every flow of `state` as a file that `ovs-ofctl add-flows` reads: one section for each table, class and
 * priority, in the order in which the switch tries them.
 */
export function formatGolden(state: GatewayState): string {
  const flows = demuxFlows(state).toSorted((a, b) => a.table - b.table || b.priority - a.priority);
  const sections = new Map<string, Flow[]>();
  for (const flow of flows) {
    const title = `table ${flow.table}, priority ${flow.priority}: ${purposeOf(flow)}`;
    sections.set(title, [...(sections.get(title) ?? []), flow]);
  }
  return [describe(state), ...[...sections].map(([title, members]) => formatSection(title, members))].join(
    '\n',
  );
}

function describe({
  bridge,
  mac,
  phys,
  patch,
  otherPorts,
  addresses,
  demux,
  served,
  nodePorts,
}: GatewayState) {
  return [
    `${bridge}: ${flowsName(demux)}`,
    `PHYS ${phys ?? 'absent'}, PATCH ${patch ?? 'absent'}, other ports: ${otherPorts ? 'yes' : 'no'}`,
    `MAC ${mac}, IP ${addresses.join(' and ')}`,
    `served: ${[...served].join(', ') || 'none'}`,
    `node ports: ${[...nodePorts].map(({ protocol, port }) => `${protocol} ${port}`).join(', ') || 'none'}`,
  ]
    .map((line) => `# ${line}\n`)
    .join('');
}

function flowsName(demux: Demux): string {
  return demux.mode === 'conntrack'
    ? '--demux=conntrack'
    : `--demux=port-range, ${formatPortRange(demux.range)}`;
}

/** The class that a flow counts for; for a flow that only steers, the class at whose precedence it does so. */
function purposeOf({ table, priority, cookie }: Flow): string {
  const name = classOfId(classIdOf(cookie));
  if (name !== undefined) return name;
  const steered = CLASSES.find((one) => priorityOf(one) === priority);
  return table === 0 && steered !== undefined
    ? `to another table, for ${steered}`
    : 'no class, compares arp_spa and arp_tpa bit by bit';
}

function formatSection(title: string, flows: readonly Flow[]): string {
  const width = Math.max(...flows.map(({ key }) => key.length));
  const lines = flows.map(
    ({ cookie, key, text }) =>
      `cookie=${formatCookie(cookie)},${key.padEnd(width)} ${text.slice(key.length).trim()}\n`,
  );
  return `# ${title}\n${lines.join('')}`;
}
