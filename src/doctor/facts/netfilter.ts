import { execa } from 'execa';
import type { Netfilter } from './facts.js';

/** The fields of an object of `nft -j list ruleset` (libnftables-json(5)) that are read. */
interface NftObject {
  readonly chain?: {
    readonly family?: string;
    readonly table?: string;
    readonly name?: string;
    readonly hook?: string;
    readonly policy?: string;
  };
  readonly table?: { readonly family?: string; readonly name?: string };
  readonly rule?: { readonly family?: string; readonly table?: string; readonly expr?: readonly unknown[] };
}

/** Reads the nftables rules that drop received frames or packets: the guards of NICs, and firewalls. */
export async function readNetfilter(timeoutMs: number): Promise<Netfilter> {
  const { stdout } = await execa('nft', ['-j', 'list', 'ruleset'], {
    timeout: timeoutMs,
    stdin: 'ignore',
    maxBuffer: 64 * 1024 * 1024,
  });
  return parseRuleset(stdout);
}

/** Parses the output of `nft -j list ruleset`. */
export function parseRuleset(json: string): Netfilter {
  const { nftables = [] } = JSON.parse(json || '{}') as { nftables?: readonly NftObject[] };
  const chains = nftables.flatMap(({ chain }) => chain ?? []);
  const rules = nftables.flatMap(({ rule }) => rule ?? []);
  return {
    tables: nftables.flatMap(({ table }) => (table === undefined ? [] : [`${table.family} ${table.name}`])),
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
        // The chain may jump to others, so the rules of the whole table count.
        ports: rules
          .filter((rule) => rule.family === family && rule.table === table)
          .flatMap(({ expr = [] }) => expr.flatMap(portsOf)),
      })),
  };
}

/** Returns the destination ports that a statement matches; of a range, its first and last port. */
function portsOf(statement: unknown): number[] {
  const { match } = statement as { match?: { left?: { payload?: { field?: string } }; right?: unknown } };
  if (match?.left?.payload?.field !== 'dport') return [];
  return JSON.stringify(match.right).match(/\d+/g)?.map(Number) ?? [];
}
