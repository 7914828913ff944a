// The golden files: one gateway state each, and every flow that it needs. `npm run goldens` rewrites them.
import { CLASSES, classOfId, priorityOf } from '../../src/demux/classes.js';
import type { Demux, GatewayState, NodePort } from '../../src/demux/state.js';
import { demuxFlows } from '../../src/demux/table.js';
import { formatCidr, parseCidr } from '../../src/net/cidr.js';
import { parseIp } from '../../src/net/ip.js';
import { formatPortRange } from '../../src/net/ports.js';
import { classIdOf, formatCookie } from '../../src/openflow/cookie.js';
import type { Flow } from '../../src/openflow/flow.js';
import { CONNTRACK, GATEWAY, IP4, IP6 } from './sample.js';

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
  [
    'restricted',
    {
      ...GATEWAY,
      served: ['198.51.100.80', '2001:db8:1::80'].map(parseIp),
      restricted: [
        {
          ...{ address: parseIp('198.51.100.80'), protocol: 'tcp', port: 443 },
          sources: [parseCidr('192.0.2.0/24')],
        },
      ],
      nodePorts: [
        { protocol: 'tcp', port: 30_080 },
        { protocol: 'udp', port: 30_053, sources: ['192.0.2.0/24', '192.0.2.128/32'].map(parseCidr) },
        { protocol: 'tcp', port: 30_443, sources: ['0.0.0.0/0', '2001:db8:2::/48'].map(parseCidr) },
      ],
    },
  ],
  [
    'some_addresses',
    {
      ...GATEWAY,
      nodePorts: [
        { protocol: 'tcp', port: 30_080, at: [IP4, IP6].map(parseIp) },
        { protocol: 'udp', port: 8053, at: [parseIp(IP4)] },
      ],
    },
  ],
  [
    'answered_elsewhere',
    {
      ...GATEWAY,
      served: ['198.51.100.80', '2001:db8:1::80'].map(parseIp),
      answersServed: false,
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
  answersServed,
  demux,
  served,
  restricted,
  nodePorts,
}: GatewayState) {
  const portOf = (one: NodePort) =>
    [
      `${one.protocol} ${one.port}`,
      ...(one.at === undefined ? [] : [`at ${one.at.join(' and ')}`]),
      ...(one.sources === undefined ? [] : [`for ${one.sources.map(formatCidr).join(' and ')}`]),
    ].join(' ');
  return [
    `${bridge}: ${flowsName(demux)}`,
    `PHYS ${phys ?? 'absent'}, PATCH ${patch ?? 'absent'}, other ports: ${otherPorts ? 'yes' : 'no'}`,
    `MAC ${mac}, IP ${addresses.join(' and ')}`,
    `served: ${[...served].join(', ') || 'none'}${answersServed ? '' : ', which another host answers for'}`,
    ...[...restricted].map((one) => `restricted: ${portOf({ ...one, at: [one.address] })}`),
    `node ports: ${[...nodePorts].map(portOf).join(', ') || 'none'}`,
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
function purposeOf({ table, priority, cookie, actions }: Flow): string {
  const name = classOfId(classIdOf(cookie));
  if (name !== undefined) return name;
  if (actions.some(({ kind }) => kind === 'pop_vlan')) return 'no class, takes a priority tag off';
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
