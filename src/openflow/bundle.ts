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

/**
 * The bundle as the input of `ovs-ofctl add-flows` (ovs-ofctl(8), "add-flows"): deletions first, so that a
 * table that is near its limit does not overflow on the way.
 */
export function formatBundle(bundle: Bundle): string {
  const lines: string[] = [];
  for (const removal of bundle.remove) lines.push(`${formatRemoval(removal)}\n`);
  for (const { text, cookie } of bundle.add) {
    const split = text.indexOf(' actions=');
    lines.push(`add cookie=${formatCookie(cookie)},${text.slice(0, split)},${text.slice(split + 1)}\n`);
  }
  return lines.join('');
}

/** A deletion of exactly this flow, as `ovs-ofctl add-flows` reads it. */
export function formatRemoval({ key, cookie }: Removal): string {
  return `delete_strict cookie=${formatCookie(cookie)}/-1,${key}`;
}
