import { ProductError } from '../net/errors.js';
import { dump, output } from './iproute.js';
import {
  type Address,
  type Link,
  type Neighbour,
  type Route,
  type Rule,
  type Snapshot,
  snapshotOf,
} from './snapshot.js';

/**
 * Reads all that hangs on interface `device`.
 * @throws ProductError `ERR_NO_INTERFACE`, `ERR_IP`
 */
export async function readSnapshot(device: string): Promise<Snapshot> {
  const [links, addresses, routes4, routes6, rules4, rules6, neighbours, proxies] = await Promise.all([
    readLinks(),
    dump<{ ifname: string; addr_info: readonly Address[] }>('-details', 'address', 'show'),
    dump<Route>('-N', '-details', '-4', 'route', 'show', 'table', 'all'),
    dump<Route>('-N', '-details', '-6', 'route', 'show', 'table', 'all'),
    dump<Rule>('-N', '-4', 'rule', 'show'),
    dump<Rule>('-N', '-6', 'rule', 'show'),
    dump<Neighbour>('neighbour', 'show', 'dev', device).catch(() => []),
    dump<Neighbour>('neighbour', 'show', 'proxy', 'dev', device).catch(() => []),
  ]);
  const snapshot = snapshotOf(device, {
    links,
    addresses,
    routes: [...routes4.map(ofFamily(4)), ...routes6.map(ofFamily(6))],
    rules: [...rules4.map(ofFamily(4)), ...rules6.map(ofFamily(6))],
    neighbours: [...neighbours, ...proxies],
  });
  if (snapshot.routes.some(({ metrics }) => metrics !== undefined)) await refuseLocked(device);
  return snapshot;
}

export async function readLinks(): Promise<Link[]> {
  return dump<Link>('-details', 'link', 'show');
}

/** A locked metric, as `mtu lock 1400`, is told only by the text of `ip route`, not by its JSON. */
async function refuseLocked(device: string): Promise<void> {
  const texts = await Promise.all(
    ['-4', '-6'].map((family) => output(family, 'route', 'show', 'table', 'all', 'dev', device)),
  );
  const locked = texts.flatMap((text) => text.split('\n')).find((line) => / lock \d/.test(line));
  if (locked !== undefined) {
    throw new ProductError(
      'ERR_CANNOT_MOVE',
      `route ${locked.split(' ')[0]} has "lock", which cannot be moved; delete that route first`,
    );
  }
}

function ofFamily<F extends 4 | 6>(family: F) {
  return <T>(one: T): T & { family: F } => ({ ...one, family });
}
