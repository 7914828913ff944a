import test from 'ava';
import { parseIp } from '../../src/net/ip.js';
import { isServed, servedAddresses } from '../../src/node/state_served.js';
import type { Northbound } from '../../src/ovn/connection.js';
import { KEYS, servedKey } from '../../src/ovn/keys.js';
import { gatewaySpec, nodeRows, rowsOfGateway } from '../overlay/cluster.js';
import { emptyNorthbound, reconcile, write } from '../ovn/northbound.js';

const ADDRESS = parseIp('203.0.113.80');

async function say(nb: Northbound, router: string, ...keys: readonly string[]): Promise<void> {
  const row = nb.find('Logical_Router', ({ name }) => name === router);
  await write(nb, (txn) => {
    if (row !== undefined)
      txn.mutate('Logical_Router', row._uuid, {
        external_ids: { set: Object.fromEntries(keys.map((key) => [key, 'yes'])) },
      });
  });
}

test('the external addresses are those that helpers serve, and all while the first gateway has none', async (t) => {
  const nb = await emptyNorthbound(t);
  await reconcile(nb, nodeRows('a', 1));
  t.is(servedAddresses(nb), 'all', 'without a gateway');
  await reconcile(nb, rowsOfGateway(gatewaySpec('a', 10, { isFirst: true })));
  await reconcile(nb, rowsOfGateway(gatewaySpec('b', 11, { isFirst: false })));
  t.is(servedAddresses(nb), 'all', 'without a helper');
  await say(nb, 'GR_a', KEYS.served);
  t.false(isServed(servedAddresses(nb), ADDRESS));
  await say(nb, 'GR_b', KEYS.served, servedKey(ADDRESS));
  t.true(isServed(servedAddresses(nb), ADDRESS));
});
