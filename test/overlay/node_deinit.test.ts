import test from 'ava';
import { parseCidr } from '../../src/net/cidr.js';
import { parseIp } from '../../src/net/ip.js';
import { gatewayDeinit } from '../../src/overlay/gateway_deinit.js';
import { masterDeinit, minionDeinit } from '../../src/overlay/node_deinit.js';
import { hostRows } from '../../src/ovn/node_hosts.js';
import { insertBridge } from '../../src/switch/bridges.js';
import { readSystemIds, setSystemIds } from '../../src/switch/external_ids.js';
import { addPort, findInterface } from '../../src/switch/ports.js';
import { reconcile, write } from '../ovn/northbound.js';
import { write as writeLocal } from '../switch/local_database.js';
import { namesOf, routesOf } from './cluster.js';
import { directory, twoGateways } from './two_gateways.js';

test('a gateway refuses minion-deinit, and keeps its switch and its management port', async (t) => {
  const { nb, local, options } = await twoGateways(t);
  await writeLocal(local, (txn) => {
    addPort(txn, insertBridge(local, txn, 'br-int', {}), 'k8s-a', { type: 'internal' });
  });
  const cni = { conf: directory(t), bin: directory(t) };
  await t.throwsAsync(minionDeinit({ ...options, node: 'a', cni }), { code: 'ERR_IN_USE' });
  t.true(namesOf(nb, 'Logical_Switch').includes('a'));
  t.not(findInterface(local, 'k8s-a'), undefined);
});

test('a cluster is taken down node by node, the master last', async (t) => {
  const { nb, local, options } = await twoGateways(t);
  await writeLocal(local, (txn) => {
    addPort(txn, insertBridge(local, txn, 'br-int', {}), 'k8s-b', { type: 'internal' });
    setSystemIds(local, txn, { 'k8s-node-name': 'b', 'k8s-cluster-ip-subnet': '10.244.0.0/16' });
  });
  const address = { node: 'b', addresses: [parseIp('192.0.2.1')], management: [parseCidr('10.244.3.2/24')] };
  await reconcile(nb, hostRows('m', address));
  t.true(routesOf(nb, 'm').includes('192.0.2.1/32 10.244.3.2'));
  const cni = { conf: directory(t), bin: directory(t) };
  await t.throwsAsync(masterDeinit({ ...options, node: 'm' }), {
    code: 'ERR_IN_USE',
    message: /still serves a, b, GR_a, GR_b/,
  });
  await t.throwsAsync(masterDeinit({ ...options, node: 'other' }), { code: 'ERR_OTHER_CLUSTER' });
  await write(nb, (txn) => {
    const [group] = nb.filter('Load_Balancer_Group', ({ name }) => name === 'switch_a');
    const external_ids = new Map([['k8s-service', 'default/web']]);
    const row = txn.insert('Load_Balancer', { external_ids });
    if (group !== undefined)
      txn.mutate('Load_Balancer_Group', group._uuid, { load_balancer: { insert: [row] } });
  });
  for (const node of ['a', 'b']) {
    await gatewayDeinit({ ...options, node, sysctlDir: directory(t) });
    await minionDeinit({ ...options, node, cni });
  }
  const groups = () => namesOf(nb, 'Load_Balancer_Group').join();
  await nb.until(() => (groups() === 'k8s-cluster,switch_m' ? true : undefined), {
    what: 'the groups of a and b to be gone',
  });
  t.is(nb.table('Load_Balancer').size, 0);
  await local.until(() => (findInterface(local, 'k8s-b') === undefined ? true : undefined), {
    what: 'k8s-b to be gone',
  });
  t.false(readSystemIds(local).has('k8s-node-name') || readSystemIds(local).has('k8s-cluster-ip-subnet'));
  await nb.until(() => (routesOf(nb, 'm').length === 0 ? true : undefined), { what: 'no route' });
  await masterDeinit({ ...options, node: 'm' });
  await nb.until(() => (nb.table('Logical_Router').size === 0 ? true : undefined), { what: 'no router' });
  for (const table of ['Logical_Switch', 'Load_Balancer_Group', 'Logical_Switch_Port', 'NAT'] as const)
    t.is(nb.table(table).size, 0, table);
});
