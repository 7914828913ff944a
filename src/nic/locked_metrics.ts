import { readIpText } from '../host/iproute_read.js';
import type { Snapshot } from '../host/snapshot.js';
import { ProductError } from '../net/errors.js';

/**
 * Refuses a snapshot that has a route with a locked metric, such as `mtu lock 1400`. Only the text of `ip route` shows
 * the lock, not its JSON.
 * @throws ProductError `ERR_CANNOT_MOVE`, `ERR_IP`
 */
export async function refuseLockedMetrics({ device, routes }: Snapshot): Promise<void> {
  if (routes.every(({ metrics }) => metrics === undefined)) return;
  const texts = await Promise.all(
    ['-4', '-6'].map((family) => readIpText(family, 'route', 'show', 'table', 'all', 'dev', device)),
  );
  const locked = lockedRoute(texts.join('\n'));
  if (locked !== undefined) {
    throw new ProductError(
      'ERR_CANNOT_MOVE',
      `route ${locked} has "lock", which cannot be moved; delete that route first`,
    );
  }
}

/** Returns the destination of the first route with a locked metric in the output of `ip route show`. */
export function lockedRoute(text: string): string | undefined {
  return text
    .split('\n')
    .find((line) => / lock \d/.test(line))
    ?.split(' ')[0];
}
