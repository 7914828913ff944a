import type { Facts } from '../facts/facts.js';
import { type Check, type Finding, given, orElse, warn } from '../finding.js';

/** How old an error may be and still be reported, in milliseconds. */
const RECENT_MS = 24 * 3_600_000;

/** The switch logs this when it starts before its NIC is up, as at a boot. */
const WAS_DOWN = /^dpif_netdev: error receiving data from (\S+): Network is down$/;

/** Reports the last errors in the daemons' logs, which other checks may not notice. */
export const logs: Check = {
  name: 'logs',
  run: ({ logs: all, links, now }) =>
    orElse(
      all.flatMap(({ program, path, errors }) =>
        given(errors, (found) =>
          found
            .filter(({ at, text }) => now.getTime() - at.getTime() < RECENT_MS && !isOver(text, links))
            .map(
              ({ at, text }): Finding =>
                warn(`${program} at ${at.toISOString()}: ${text}`, `see the lines around it in ${path}`),
            ),
        ),
      ),
      'no errors in the logs of the last day',
    ),
};

/** Returns whether an error was about a NIC that was down and is up now. */
function isOver(text: string, links: Facts['links']): boolean {
  const [, device] = WAS_DOWN.exec(text) ?? [];
  return links.isKnown && links.value.some(({ name, isUp }) => name === device && isUp);
}
