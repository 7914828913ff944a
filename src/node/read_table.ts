import type { NftCommand } from '../host/nft.js';
import { isRecord } from '../kube/objects.js';
import { FAMILY_SETS, ruleComment } from './nft_commands.js';

/** The table as the kernel has it. */
export interface ReadTable {
  /** The version of its rules; `undefined` if someone else changed chains, rules or sets. */
  readonly version: string | undefined;
  /** The kernel's number of the table, which a table that is made again does not have; `undefined` if it is not known. */
  readonly handle: number | undefined;
  readonly sets: Map<string, Map<string, string>>;
}

/**
 * Reads the output of `nft -j list table`. The sets of a table that is not ours to the last element are read as far as
 * they can be.
 */
export function readTable(objects: readonly NftCommand[]): ReadTable {
  const found = new Map<string, ReadonlyMap<string, string>>();
  const comments: unknown[] = [];
  let handle: number | undefined;
  for (const object of objects) {
    const { table, rule, set = object.map } = object;
    if (isRecord(table) && typeof table.handle === 'number') handle = table.handle;
    if (isRecord(rule)) comments.push(rule.comment);
    if (isRecord(set) && typeof set.name === 'string') found.set(set.name, readElements(set.elem));
  }
  let isWhole = true;
  const sets = new Map(
    FAMILY_SETS.map(({ set, parts }) => {
      const [first, second] = parts.map(({ name }) => found.get(name));
      if (first === undefined || (parts.length > 1 && second?.size !== first.size)) isWhole = false;
      const elements = new Map<string, string>();
      for (const [key, value] of first ?? []) {
        const port = second?.get(key);
        if (parts.length > 1 && port === undefined) isWhole = false;
        else elements.set(key, port === undefined ? value : `${value} ${port}`);
      }
      return [set, elements] as const;
    }),
  );
  return { version: isWhole ? versionOf(comments) : undefined, handle, sets };
}

/** Returns the version of the rules with these comments; `undefined` if one lacks, or is not ours. */
function versionOf(comments: readonly unknown[]): string | undefined {
  const [version] = String(comments[0] ?? '').split(' ');
  if (version === undefined || version === '') return undefined;
  const isRight = comments.every((one, i) => one === ruleComment(version, i));
  return isRight ? `${version} ${comments.length}` : undefined;
}

function readElements(elem: unknown): ReadonlyMap<string, string> {
  const elements = new Map<string, string>();
  for (const one of Array.isArray(elem) ? elem : [])
    if (Array.isArray(one)) elements.set(readKey(one[0]), readKey(one[1]));
    else elements.set(readKey(one), '');
  return elements;
}

function readKey(value: unknown): string {
  if (!isRecord(value)) return String(value);
  if (Array.isArray(value.concat)) return value.concat.map(readKey).join(' ');
  if (isRecord(value.prefix)) return `${value.prefix.addr}/${value.prefix.len}`;
  // An element with a counter or a comment.
  if (isRecord(value.elem)) return readKey(value.elem.val);
  return JSON.stringify(value);
}
