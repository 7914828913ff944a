import test from 'ava';
import { parseCidr } from '../../src/net/cidr.js';
import { clusterRouter } from '../../src/overlay/topology.js';
import type { Northbound } from '../../src/ovn/connection.js';
import { ROUTER_MARK } from '../../src/ovn/routes.js';
import { servicePolicies } from '../../src/ovn/service_policies.js';
import { emptyNorthbound, reconcile, reconciliation } from './northbound.js';

test('the cluster router drops what is for a service subnet; policies of operators stay', async (t) => {
  const nb = await emptyNorthbound(t);
  const router = (...subnets: string[]) => [
    clusterRouter('m', { policies: servicePolicies(subnets.map(parseCidr)) }, { policies: ROUTER_MARK }),
  ];
  await reconcile(nb, router('10.96.0.0/16', 'fd00:10:96::/112'));
  t.deepEqual(policies(nb), ['1 ip4.dst == 10.96.0.0/16 drop', '1 ip6.dst == fd00:10:96::/112 drop']);
  t.true(reconciliation(nb, router('10.96.0.0/16', 'fd00:10:96::/112')).isEmpty);

  const row = nb.find('Logical_Router', ({ name }) => name === 'm');
  if (row === undefined) throw new Error('no router');
  const txn = nb.transaction('test');
  const theirs = txn.insert('Logical_Router_Policy', { priority: 1, match: 'ip4', action: 'allow' });
  txn.mutate('Logical_Router', row._uuid, { policies: { insert: [theirs] } });
  await txn.commit();
  await reconcile(nb, router('10.97.0.0/16'));
  t.deepEqual(policies(nb), ['1 ip4 allow', '1 ip4.dst == 10.97.0.0/16 drop']);
  await reconcile(nb, router());
  t.deepEqual(policies(nb), ['1 ip4 allow']);
});

function policies(nb: Northbound): string[] {
  return [...nb.table('Logical_Router_Policy').values()]
    .map(({ priority, match, action }) => `${priority} ${match} ${action}`)
    .toSorted();
}
