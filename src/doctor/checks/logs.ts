import { type Check, type Finding, given, orElse, warn } from '../finding.js';

/** Older errors have been lived with. */
const RECENT_MS = 24 * 3_600_000;

/** The last errors that the daemons wrote: news of something that other checks may not see. */
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
                warn(`${program} at ${at.toISOString()}: ${text}`, `see what is around it in ${path}`),
            ),
        ),
      ),
      'no errors in the logs of the last day',
    ),
};
