import { execa } from 'execa';
import type { Netfilter } from './facts.js';

/** An object of `nft -j list ruleset` (libnftables-json(5)), as far as it is looked at. */
interface NftObject {
  readonly chain?: {
    readonly family?: string;
    readonly table?: string;
    readonly name?: string;
    readonly hook?: string;
    readonly policy?: string;
  };
  readonly rule?: { readonly family?: string; readonly table?: string; readonly expr?: readonly unknown[] };
}

/** The rules of the kernel's packet filter that can keep the gateway's traffic away, or from being answered twice. */
export async function readNetfilter(timeoutMs: number): Promise<Netfilter> {
  const { stdout } = await execa('nft', ['-j', 'list', 'ruleset'], {
    timeout: timeoutMs,
    stdin: 'ignore',
    maxBuffer: 64 * 1024 * 1024,
  });
  return parseRuleset(stdout);
}

export function parseRuleset(json: string): Netfilter {
  const { nftables = [] } = JSON.parse(json || '{}') as { nftables?: readonly NftObject[] };
  const chains = nftables.flatMap(({ chain }) => chain ?? []);
  const rules = nftables.flatMap(({ rule }) => rule ?? []);
  return {
    ingressDrops: chains
      .filter(({ family, hook, policy }) => family === 'netdev' && hook === 'ingress' && policy === 'drop')
      .flatMap(({ table }) => table ?? []),
    closedChains: chains
      .filter(
        ({ family, hook, policy }) =>
          ['ip', 'ip6', 'inet'].includes(family ?? '') && hook === 'input' && policy === 'drop',
      )
      .map(({ family, table, name }) => ({
        name: `${family} ${table} ${name}`,
        // Rules of chains that this one jumps to count too, so those of the whole table are looked at.
        ports: rules
          .filter((rule) => rule.family === family && rule.table === table)
          .flatMap(({ expr = [] }) => expr.flatMap(portsOf)),
      })),
  };
}

/** The destination ports that a statement matches; a range counts by its ends. */
function portsOf(statement: unknown): number[] {
  const { match } = statement as { match?: { left?: { payload?: { field?: string } }; right?: unknown } };
  if (match?.left?.payload?.field !== 'dport') return [];
  return JSON.stringify(match.right).match(/\d+/g)?.map(Number) ?? [];
}
