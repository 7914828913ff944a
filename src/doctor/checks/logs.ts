import { type Check, type Finding, given, orElse, warn } from '../finding.js';

/** How old an error may be and still be reported, in milliseconds. */
const RECENT_MS = 24 * 3_600_000;

/** Reports the last errors in the daemons' logs, which other checks may not notice. */
export const logs: Check = {
  name: 'logs',
  run: ({ logs: all, now }) =>
    orElse(
      all.flatMap(({ program, path, errors }) =>
        given(errors, (found) =>
          found
            .filter(({ at }) => now.getTime() - at.getTime() < RECENT_MS)
            .map(
              ({ at, text }): Finding =>
                warn(`${program} at ${at.toISOString()}: ${text}`, `see the lines around it in ${path}`),
            ),
        ),
      ),
      'no errors in the logs of the last day',
    ),
};
