import { execa } from 'execa';
import { withoutGuard } from './guard.js';
import { readLinks } from './read.js';
import type { Link } from './snapshot.js';

/** What says `device` on this host and does not move with its addresses: each one line for the operator. */
export async function leftovers(device: string): Promise<string[]> {
  const [links, nft, iptables, ip6tables, qdiscs] = await Promise.all([
    readLinks(),
    outputOf('nft', 'list', 'ruleset'),
    outputOf('iptables-save'),
    outputOf('ip6tables-save'),
    outputOf('tc', 'qdisc', 'show', 'dev', device),
  ]);
  return leftoversIn(device, { links, firewall: { nft, iptables, ip6tables }, qdiscs });
}

/** The pure part of {@link leftovers}. */
export function leftoversIn(
  device: string,
  {
    links,
    firewall,
    qdiscs,
  }: { links: readonly Link[]; firewall: Readonly<Record<string, string>>; qdiscs: string },
): string[] {
  const word = new RegExp(`(^|[\\s",={])${quoted(device)}($|[\\s",.};:])`);
  const rules = Object.entries(firewall).flatMap(([tool, text]) =>
    withoutGuard(text, device)
      .split('\n')
      .filter((line) => word.test(line))
      .map((line) => `${tool} rule still names ${device} and will not match: ${line.trim()}`),
  );
  const children = links
    .filter(({ link }) => link === device)
    .map(
      ({ ifname }) =>
        `${ifname} is stacked on ${device}: its frames pass through the bridge only if it is made anew on that`,
    );
  // The kernel's own defaults are no configuration: they are there on any interface.
  const shaped = qdiscs
    .split('\n')
    .filter((line) => line !== '' && !/^qdisc (noqueue|pfifo_fast|fq_codel|mq|fq) 0: /.test(line))
    .map((line) => `tc still shapes ${device}, not the bridge: ${line.trim()}`);
  return [...rules, ...children, ...shaped];
}

/** Standard output of a tool that may not be installed; a firewall that cannot be read holds no rule of this kind. */
async function outputOf(command: string, ...args: readonly string[]): Promise<string> {
  const { stdout, failed } = await execa(command, args, { reject: false, timeout: 5_000, stdin: 'ignore' });
  return failed ? '' : stdout;
}

function quoted(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
