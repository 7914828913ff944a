import { execa } from 'execa';
import { withoutGuard } from '../host/guard.js';
import { readLinks } from '../host/read_snapshot.js';
import type { Link } from '../host/snapshot.js';

/** Output of the tools whose objects refer to a device by its name. */
export interface ToolOutputs {
  readonly links: readonly Link[];
  /** The firewall's rules, by tool. */
  readonly firewall: Readonly<Record<string, string>>;
  readonly qdiscs: string;
  readonly nexthops: string;
}

const FIREWALL_TOOLS: Readonly<Record<string, readonly string[]>> = {
  nft: ['nft', 'list', 'ruleset'],
  iptables: ['iptables-save'],
  ip6tables: ['ip6tables-save'],
  'iptables-legacy': ['iptables-legacy-save'],
  'ip6tables-legacy': ['ip6tables-legacy-save'],
  ipset: ['ipset', 'save'],
};

/** Returns what refers to `device` on this host and does not move with its addresses, one line each for the operator. */
export async function leftovers(device: string): Promise<string[]> {
  const [links, qdiscs, nexthops, ...firewall] = await Promise.all([
    readLinks(),
    outputOf('tc', 'qdisc', 'show', 'dev', device),
    outputOf('ip', 'nexthop', 'show', 'dev', device),
    ...Object.entries(FIREWALL_TOOLS).map(
      async ([tool, [command = '', ...args]]) => [tool, await outputOf(command, ...args)] as const,
    ),
  ]);
  return leftoversIn(device, { links, firewall: Object.fromEntries(firewall), qdiscs, nexthops });
}

/** The pure part of {@link leftovers}. */
export function leftoversIn(device: string, { links, firewall, qdiscs, nexthops }: ToolOutputs): string[] {
  const names = nameIn(device);
  const rules = Object.entries(firewall).flatMap(([tool, text]) =>
    withoutGuard(text, device)
      .split('\n')
      .filter((line) => names.test(line))
      .map((line) => `${tool} rule still names ${device} and will not match: ${line.trim()}`),
  );
  const children = links
    // `link` of a veth device is its peer.
    .filter(({ link, linkinfo }) => link === device && linkinfo?.info_kind !== 'veth')
    .map(
      ({ ifname }) =>
        `${ifname} is stacked on ${device}: its frames bypass the bridge until it is created again on the bridge`,
    );
  // The kernel gives every interface one of these; an operator did not configure them.
  const shaped = linesOf(qdiscs)
    .filter((line) => !/^qdisc (noqueue|pfifo_fast|fq_codel|mq|fq) 0: /.test(line))
    .map((line) => `tc still shapes ${device}, not the bridge: ${line}`);
  const hops = linesOf(nexthops).map((line) => `nexthop still goes through ${device}: ${line}`);
  return [...rules, ...children, ...shaped, ...hops];
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
