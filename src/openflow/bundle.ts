import { formatCookie } from './cookie.js';
import type { Flow } from './flow.js';
import type { Match } from './match.js';

/** A flow to delete. `match` is known if we built the flow; else it is parsed from `key`. */
export interface Removal {
  readonly key: string;
  readonly cookie: bigint;
  readonly match?: Match;
}

/** Changes that a switch commits all at once or not at all (OpenFlow 1.4.1 section 6.9). */
export interface Bundle {
  readonly add: readonly Flow[];
  readonly remove: readonly Removal[];
}

export function bundleSize(bundle: Bundle): number {
  return bundle.add.length + bundle.remove.length;
}

/** Names change number `index` of a bundle, for messages. Deletions come first. */
export function nameOf({ add, remove }: Bundle, index: number): string | undefined {
  const removal = remove[index];
  return removal === undefined ? add[index - remove.length]?.text : formatRemoval(removal);
}

/** Lines in one piece of input: fewer cost more per line, more delay the first piece. */
const LINES = 500;

/**
 * Formats the bundle as input of `ovs-ofctl add-flows` (ovs-ofctl(8), "add-flows"). It yields pieces, so that the
 * reader begins at once and 50,000 flows never make 8 MB of text. Deletions come first, so that a table near its
 * limit does not overflow meanwhile.
 */
export function* formatBundle(bundle: Bundle): Generator<string> {
  for (let from = 0; from < bundle.remove.length; from += LINES)
    yield bundle.remove
      .slice(from, from + LINES)
      .map(formatRemovalLine)
      .join('');
  for (let from = 0; from < bundle.add.length; from += LINES)
    yield bundle.add
      .slice(from, from + LINES)
      .map(formatAddition)
      .join('');
}

function formatAddition({ text, cookie }: Flow): string {
  return `add cookie=${formatCookie(cookie)},${text}\n`;
}

function formatRemovalLine(removal: Removal): string {
  return `${formatRemoval(removal)}\n`;
}

/** Formats the deletion of exactly this flow, as `ovs-ofctl add-flows` parses it. */
export function formatRemoval({ key, cookie }: Removal): string {
  return `delete_strict cookie=${formatCookie(cookie)}/-1,${key}`;
}
