import type { NftCommand } from '../host/nft.js';
import { FAMILIES, type Family } from '../net/ip.js';
import { NODE_TABLE } from '../ovn/names.js';
import { SETS, type SetName, type SetShape, type Sets, setOf, type Word } from './desired_sets.js';
import type { TableRules } from './desired_table.js';
import { addressMap, portMap } from './nft_expressions.js';

const IN_TABLE = { family: NODE_TABLE.family, table: NODE_TABLE.name } as const;

/** An element to add or to delete; `value` is `undefined` to delete the key. */
export interface ElementEdit {
  readonly set: string;
  readonly key: string;
  /** The value that the kernel has; `undefined` for none. */
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** A set of nft: its own name, and which part of an element's value it has. */
interface NftSet {
  readonly name: string;
  readonly part: 'none' | 'address' | 'port';
}

interface FamilySet {
  readonly set: string;
  readonly family: Family;
  readonly shape: SetShape;
  readonly parts: readonly NftSet[];
}

/** All sets of both families, in the order of {@link SETS}. */
export const FAMILY_SETS: readonly FamilySet[] = (Object.keys(SETS) as SetName[]).flatMap((name) =>
  FAMILIES.map((family) => {
    const set = setOf(name, family);
    const shape: SetShape = SETS[name];
    return { set, family, shape, parts: partsOf(set, shape) };
  }),
);

const BY_NAME: ReadonlyMap<string, FamilySet> = new Map(FAMILY_SETS.map((one) => [one.set, one]));

/** Returns the commands that replace the whole table, whatever it was, in one transaction. */
export function tableCommands({ chains, rules, version }: TableRules, sets: Sets): NftCommand[] {
  const table = { table: NODE_TABLE };
  return [
    // Deleting a table that does not exist is an error.
    { add: table },
    { delete: table },
    { add: table },
    ...FAMILY_SETS.flatMap(({ set, family, shape, parts }) =>
      parts.map((part) => declaration(part, family, shape, sets.get(set) ?? new Map())),
    ),
    ...chains.map(({ name, base }) => ({
      add: { chain: { ...IN_TABLE, name, ...(base && { ...base, policy: 'accept' }) } },
    })),
    ...rules.map(({ chain, expr }, i) => ({
      add: { rule: { ...IN_TABLE, chain, expr, comment: ruleComment(version, i) } },
    })),
  ];
}

/** Returns the commands that change elements, in one transaction: the old ones go first. */
export function elementCommands(edits: readonly ElementEdit[]): NftCommand[] {
  const command = (action: 'add' | 'delete', elementsOf: (one: ElementEdit, part: NftSet) => unknown) => {
    const bySet = new Map<string, unknown[]>();
    for (const edit of edits) {
      if ((action === 'add' ? edit.after : edit.before) === undefined) continue;
      for (const part of BY_NAME.get(edit.set)?.parts ?? []) {
        const elements = bySet.get(part.name) ?? [];
        elements.push(elementsOf(edit, part));
        bySet.set(part.name, elements);
      }
    }
    return [...bySet].map(([name, elem]) => ({ [action]: { element: { ...IN_TABLE, name, elem } } }));
  };
  return [
    ...command('delete', ({ key }) => keyJson(key)),
    ...command('add', ({ key, after }, part) => elementJson(part, key, after ?? '')),
  ];
}

/** Returns the comment of a rule, by which the table is recognised after a restart. */
export function ruleComment(version: string, index: number): string {
  return `${version} ${index}`;
}

function declaration(
  part: NftSet,
  family: Family,
  { key }: SetShape,
  elements: ReadonlyMap<string, string>,
): NftCommand {
  const types = key.map((word) => nftType(word, family));
  const elem = [...elements].map(([text, value]) => elementJson(part, text, value));
  const common = {
    ...IN_TABLE,
    name: part.name,
    type: types.length === 1 ? types[0] : types,
    ...(key.includes('network') && { flags: ['interval'] }),
    ...(elem.length > 0 && { elem }),
  };
  if (part.part === 'none') return { add: { set: common } };
  return { add: { map: { ...common, map: nftType(part.part, family) } } };
}

function partsOf(set: string, { value }: SetShape): readonly NftSet[] {
  if (value === undefined) return [{ name: set, part: 'none' }];
  if (value === 'port') return [{ name: set, part: 'port' }];
  return [
    { name: addressMap(set), part: 'address' },
    { name: portMap(set), part: 'port' },
  ];
}

function nftType(word: Word, family: Family): string {
  if (word === 'protocol') return 'inet_proto';
  if (word === 'port') return 'inet_service';
  return family === 4 ? 'ipv4_addr' : 'ipv6_addr';
}

function elementJson({ part }: NftSet, key: string, value: string): unknown {
  if (part === 'none') return keyJson(key);
  const words = value.split(' ');
  return [keyJson(key), part === 'address' ? words[0] : Number(words.at(-1))];
}

function keyJson(key: string): unknown {
  const words = key.split(' ').map(wordJson);
  return words.length === 1 ? words[0] : { concat: words };
}

function wordJson(word: string): unknown {
  const [address, length] = word.split('/');
  if (length !== undefined) return { prefix: { addr: address, len: Number(length) } };
  return /^\d+$/.test(word) ? Number(word) : word;
}
