import { formatCookie } from './cookie.js';
import type { Flow, FlowIdentity } from './flow.js';

/** Changes that a switch makes all at once or not at all (OpenFlow 1.4.1 section 6.9). */
export interface Bundle {
  readonly add: readonly Flow[];
  readonly remove: readonly Pick<FlowIdentity, 'key' | 'cookie'>[];
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
  for (const { key, cookie } of bundle.remove)
    lines.push(`delete_strict cookie=${formatCookie(cookie)}/-1,${key}\n`);
  for (const { text, cookie } of bundle.add) {
    const split = text.indexOf(' actions=');
    lines.push(`add cookie=${formatCookie(cookie)},${text.slice(0, split)},${text.slice(split + 1)}\n`);
  }
  return lines.join('');
}
