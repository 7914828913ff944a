import { formatCookie } from './cookie.js';
import type { Flow } from './flow.js';
import type { Match } from './match.js';

/** A flow that is to go: whoever made it knows its match, of one that was read the key says it. */
export interface Removal {
  readonly key: string;
  readonly cookie: bigint;
  readonly match?: Match;
}

/** Changes that a switch makes all at once or not at all (OpenFlow 1.4.1 section 6.9). */
export interface Bundle {
  readonly add: readonly Flow[];
  readonly remove: readonly Removal[];
}

export function bundleSize(bundle: Bundle): number {
  return bundle.add.length + bundle.remove.length;
}

/** What the change at this place is, for people: deletions come first. */
export function nameOf({ add, remove }: Bundle, index: number): string | undefined {
  const removal = remove[index];
  return removal === undefined ? add[index - remove.length]?.text : formatRemoval(removal);
}

/** Lines that are put together before they are handed on: fewer cost more each, more are waited for. */
const LINES = 500;

/**
 * The bundle as the input of `ovs-ofctl add-flows` (ovs-ofctl(8), "add-flows"), piece by piece, so that who reads it
 * begins at once and of 50,000 flows there are never 8 MB of text. Deletions come first, so that a table that is near
 * its limit does not overflow on the way.
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

/** A deletion of exactly this flow, as `ovs-ofctl add-flows` reads it. */
export function formatRemoval({ key, cookie }: Removal): string {
  return `delete_strict cookie=${formatCookie(cookie)}/-1,${key}`;
}
