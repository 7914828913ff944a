import test from 'ava';
import { emptyNorthbound, reconcile, reconciliation } from '../ovn/northbound.js';
import { groupsOf, nodeRows } from './cluster.js';

test('the rows of a node are complete after one transaction', async (t) => {
  const nb = await emptyNorthbound(t);
  const rows = nodeRows('a', 2);
  await reconcile(nb, rows);
  t.true(reconciliation(nb, rows).isEmpty);
  t.like(
    nb.find('Logical_Switch_Port', ({ name }) => name === 'k8s-a'),
    { addresses: ['0a:58:0a:f4:02:02 10.244.2.2'] },
  );
  t.like(
    nb.find('Logical_Router_Port', ({ name }) => name === 'rtos-a'),
    { mac: '0a:58:0a:f4:02:01', networks: ['10.244.2.1/24'] },
  );
  const own = nb.find('Logical_Switch', ({ name }) => name === 'a');
  t.is(own?.external_ids.get('gateway_ip'), '10.244.2.1/24');
  t.is(own?.other_config.get('subnet'), '10.244.2.0/24');
  t.deepEqual(groupsOf(nb, own), ['k8s-cluster', 'switch_a']);
});

test('a node that gets another subnet has nothing left of the former one', async (t) => {
  const nb = await emptyNorthbound(t);
  await reconcile(nb, nodeRows('a', 2));
  await reconcile(nb, nodeRows('a', 3));
  const own = nb.find('Logical_Switch', ({ name }) => name === 'a');
  t.is(own?.external_ids.get('gateway_ip'), '10.244.3.1/24');
  t.is(own?.other_config.get('subnet'), '10.244.3.0/24');
  const port = nb.find('Logical_Router_Port', ({ name }) => name === 'rtos-a');
  t.deepEqual(port?.networks, ['10.244.3.1/24']);
  t.is(own?.ports.length, 2);
});
