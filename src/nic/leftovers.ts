import { execa } from 'execa';
import { withoutGuard } from '../host/guard.js';
import { readLinks } from '../host/read_snapshot.js';
import type { Link } from '../host/snapshot.js';
import { boundDevices, boundSockets, joinedGroups } from './bound.js';

/** Output of the tools whose objects refer to a device by its name. */
export interface ToolOutputs {
  readonly links: readonly Link[];
  /** The firewall's rules, by tool. */
  readonly firewall: Readonly<Record<string, string>>;
  readonly qdiscs: string;
  /** `tc actions list action mirred`. */
  readonly redirects: string;
  readonly nexthops: string;
  /** `ss -HntuSwap`. */
  readonly sockets: string;
  /** `ip -json maddress show dev DEVICE`. */
  readonly groups: string;
}

/** The most sockets, and the most groups, that are named. */
const MAX_NOTES = 10;

const FIREWALL_TOOLS: Readonly<Record<string, readonly string[]>> = {
  nft: ['nft', 'list', 'ruleset'],
  iptables: ['iptables-save'],
  ip6tables: ['ip6tables-save'],
  'iptables-legacy': ['iptables-legacy-save'],
  'ip6tables-legacy': ['ip6tables-legacy-save'],
  ipset: ['ipset', 'save'],
};

/**
 * Returns what refers to `device` on this host and does not move to `to` with its addresses, one line each for the operator.
 */
export async function leftovers(device: string, to: string): Promise<string[]> {
  const [links, qdiscs, redirects, nexthops, sockets, groups, ...firewall] = await Promise.all([
    readLinks(),
    outputOf('tc', 'qdisc', 'show', 'dev', device),
    outputOf('tc', 'actions', 'list', 'action', 'mirred'),
    outputOf('ip', 'nexthop', 'show', 'dev', device),
    outputOf('ss', '-HntuSwap'),
    outputOf('ip', '-json', 'maddress', 'show', 'dev', device),
    ...Object.entries(FIREWALL_TOOLS).map(
      async ([tool, [command = '', ...args]]) => [tool, await outputOf(command, ...args)] as const,
    ),
  ]);
  const outputs = {
    links,
    firewall: Object.fromEntries(firewall),
    qdiscs,
    redirects,
    nexthops,
    sockets,
    groups,
  };
  return leftoversIn(device, to, outputs);
}

/** The pure part of {@link leftovers}. */
export function leftoversIn(device: string, to: string, outputs: ToolOutputs): string[] {
  const names = nameIn(device);
  const rules = Object.entries(outputs.firewall).flatMap(([tool, text]) =>
    withoutGuard(text, device)
      .split('\n')
      .filter((line) => names.test(line))
      .map((line) => `${tool} rule still names ${device} and will not match: ${line.trim()}`),
  );
  // The kernel gives every interface one of these; an operator did not configure them.
  const shaped = linesOf(outputs.qdiscs)
    .filter((line) => !/^qdisc (noqueue|pfifo_fast|fq_codel|mq|fq) 0: /.test(line))
    .map((line) => `tc still shapes ${device}, not ${to}: ${line}`);
  const redirected = linesOf(outputs.redirects)
    .filter((line) => line.includes(`to device ${device})`))
    .map((line) => `tc still sends frames to ${device}, not ${to}: ${line}`);
  const hops = linesOf(outputs.nexthops).map((line) => `nexthop still goes through ${device}: ${line}`);
  return [
    ...rules,
    ...boundDevices(device, to, outputs.links),
    ...shaped,
    ...redirected,
    ...hops,
    ...limited(boundSockets(device, to, outputs.sockets), 'sockets'),
    ...limited(joinedGroups(device, outputs.groups), 'groups'),
  ];
}

function limited(notes: readonly string[], what: string): string[] {
  const more = notes.length - MAX_NOTES;
  return more > 0 ? [...notes.slice(0, MAX_NOTES), `${more} more ${what} are bound so`] : [...notes];
}

/** Matches `device` as a word, or a wildcard that matches it: `eth+` of iptables, `eth*` of nft. */
function nameIn(device: string): RegExp {
  const wildcards = Array.from(device, (_, index) => `${quoted(device.slice(0, index + 1))}[+*]`);
  return new RegExp(`(^|[\\s",={])(${[quoted(device), ...wildcards].join('|')})($|[\\s",.};:])`);
}

/** Returns a tool's standard output; empty if the tool is not installed or fails, since it then has no rules here. */
async function outputOf(command: string, ...args: readonly string[]): Promise<string> {
  const { stdout, failed } = await execa(command, args, { reject: false, timeout: 5_000, stdin: 'ignore' });
  return failed ? '' : stdout;
}

function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

function quoted(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
