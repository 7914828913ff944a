import { readIpText } from '../host/iproute_read.js';
import type { Snapshot } from '../host/snapshot.js';
import { ProductError } from '../net/errors.js';

/** A locked metric in a line of `ip route`. `ip` itself locks every `rto_min`, so that one moves. */
const LOCK = / (?!rto_min )\S+ lock \S/;

/**
 * Refuses a snapshot that has a route with a locked metric, such as `mtu lock 1400`. Only the text of `ip route` shows
 * the lock, not its JSON. With a device as a filter, `ip` leaves out routes with several next hops.
 * @throws ProductError `ERR_CANNOT_MOVE`, `ERR_IP`
 */
export async function refuseLockedMetrics({ device, routes }: Snapshot): Promise<void> {
  if (routes.every(({ metrics }) => metrics === undefined)) return;
  const texts = await Promise.all(
    ['-4', '-6'].map((family) => readIpText('-oneline', family, 'route', 'show', 'table', 'all')),
  );
  const locked = lockedRoute(device, texts.join('\n'));
  if (locked !== undefined) {
    throw new ProductError(
      'ERR_CANNOT_MOVE',
      `route ${locked} has "lock", which cannot be moved; delete that route first`,
    );
  }
}

/** Returns the destination of the first route through `device` with a locked metric in the output of `ip -oneline route`. */
export function lockedRoute(device: string, text: string): string | undefined {
  return text
    .split('\n')
    .find((line) => `${line} `.includes(` dev ${device} `) && LOCK.test(line))
    ?.split(' ')[0];
}
