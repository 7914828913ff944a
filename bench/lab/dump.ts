import { formatCookie } from '../../src/openflow/cookie.js';
import type { Flow } from '../../src/openflow/flow.js';

/** Returns flows as `ovs-ofctl --no-names dump-flows` prints them. */
export function dumpOf(flows: readonly Flow[]): string {
  return flows
    .map(({ cookie, table, text }) => {
      const [where = '', what = ''] = text.slice(text.indexOf(',') + 1).split(' actions=');
      return ` cookie=${formatCookie(cookie)}, duration=12.345s, table=${table}, n_packets=17, n_bytes=1700, ${where} actions=${what}\n`;
    })
    .join('');
}
