import test from 'ava';
import { gatewayDeinit } from '../../src/overlay/gateway_deinit.js';
import { findBridge, insertBridge } from '../../src/switch/bridges.js';
import { completePatchPair } from '../../src/switch/patch_pair.js';
import { addPort } from '../../src/switch/ports.js';
import { write } from '../ovn/northbound.js';
import { portsOf, write as writeLocal } from '../switch/local_database.js';
import { namesOf, routesOf } from './cluster.js';
import type { TestDatabases } from './databases.js';
import { directory, twoGateways } from './two_gateways.js';

function firstGateways({ nb }: TestDatabases): string[] {
  return nb
    .filter('Logical_Router', ({ external_ids }) => external_ids.get('first_gateway') === 'yes')
    .map(({ name }) => name);
}

test('gateway-deinit removes the rows of the gateway, and the other gateway becomes the first', async (t) => {
  const databases = await twoGateways(t);
  const { nb, options } = databases;
  t.deepEqual(firstGateways(databases), ['GR_a']);
  t.true(routesOf(nb, 'm').includes('0.0.0.0/0 100.64.1.2'));
  t.true(await gatewayDeinit({ ...options, node: 'a', sysctlDir: directory(t) }));
  await nb.until(() => firstGateways(databases).includes('GR_b') || undefined, { what: 'GR_b as the first' });
  t.deepEqual(namesOf(nb, 'Logical_Router'), ['GR_b', 'm']);
  t.deepEqual(namesOf(nb, 'Logical_Switch'), ['a', 'b', 'ext_b', 'join', 'm']);
  t.deepEqual(routesOf(nb, 'm'), [
    '0.0.0.0/0 100.64.1.3',
    '10.244.3.0/24 100.64.1.3',
    '100.64.1.3/32 100.64.1.3',
    '203.0.113.3/32 10.244.3.2',
    'fd98:64::3/128 fd98:64::3',
  ]);
  t.deepEqual(namesOf(nb, 'Load_Balancer_Group'), [
    'GR_b',
    'k8s-cluster',
    'switch_a',
    'switch_b',
    'switch_m',
  ]);
  const sets = [...nb.table('Address_Set').values()].map(({ external_ids }) =>
    external_ids.get('k8s-gateway'),
  );
  t.deepEqual(new Set(sets), new Set(['GR_b']));
  const onJoin = nb.find('Logical_Switch', ({ name }) => name === 'join')?.ports ?? [];
  t.deepEqual(onJoin.flatMap((uuid) => nb.table('Logical_Switch_Port').get(uuid)?.name ?? []).toSorted(), [
    'jtor-GR_b',
    'jtor-m',
  ]);
});

test("gateway-deinit keeps an operator's routes and load balancers", async (t) => {
  const databases = await twoGateways(t);
  const { nb, options } = databases;
  await write(nb, (txn) => {
    const cluster = nb.find('Logical_Router', ({ name }) => name === 'm');
    const gateway = nb.find('Logical_Router', ({ name }) => name === 'GR_a');
    if (cluster === undefined || gateway === undefined) throw new Error('there are no routers');
    const route = txn.insert('Logical_Router_Static_Route', {
      ip_prefix: '192.0.2.0/24',
      nexthop: '100.64.1.2',
    });
    txn.mutate('Logical_Router', cluster._uuid, { static_routes: { insert: [route] } });
    const theirs = txn.insert('Load_Balancer', { name: 'theirs' });
    const grouped = txn.insert('Load_Balancer', { name: 'grouped' });
    const [service, former] = ['service', 'former'].map((name) =>
      txn.insert('Load_Balancer', { name, external_ids: new Map([['k8s-service', 'default/web']]) }),
    );
    const [group] = gateway.load_balancer_group;
    if (group === undefined || service === undefined || former === undefined) throw new Error('no group');
    txn.mutate('Load_Balancer_Group', group, { load_balancer: { insert: [service, grouped] } });
    txn.mutate('Logical_Router', gateway._uuid, { load_balancer: { insert: [theirs, former] } });
  });
  await gatewayDeinit({ ...options, node: 'a', sysctlDir: directory(t) });
  await nb.until(() => firstGateways(databases).includes('GR_b') || undefined, { what: 'GR_b as the first' });
  t.true(routesOf(nb, 'm').includes('192.0.2.0/24 100.64.1.2'));
  t.deepEqual(namesOf(nb, 'Load_Balancer'), ['grouped', 'theirs'], 'not those of services on this gateway');
});

test('gateway-deinit takes the patch pair and the marks off the bridge, and no other port', async (t) => {
  const databases = await twoGateways(t);
  const { local, options } = databases;
  await writeLocal(local, (txn) => {
    insertBridge(local, txn, 'breth0', {
      external_ids: new Map([
        ['k8s-node-name', 'a'],
        ['k8s-physical-ip', '203.0.113.2/24'],
        ['k8s-snat-port-range', 'none'],
        ['bridge-id', 'breth0'],
      ]),
    });
  });
  await writeLocal(local, (txn) => insertBridge(local, txn, 'br-int', {}));
  await writeLocal(local, (txn) => {
    const bridge = findBridge(local, 'breth0');
    if (bridge !== undefined) addPort(txn, bridge._uuid, 'eth0');
    const pair = { bridge: 'breth0', integration: 'br-int', logicalPort: 'breth0_a', isReady: true };
    completePatchPair(local, txn, pair);
  });
  t.is(portsOf(local, 'breth0').length, 3);
  await gatewayDeinit({ ...options, node: 'a', sysctlDir: directory(t) });
  const marks = () => findBridge(local, 'breth0')?.external_ids;
  await local.until(() => (marks()?.has('k8s-node-name') === false ? true : undefined), {
    what: 'the marks to be gone',
  });
  t.deepEqual([...(marks() ?? [])], [['bridge-id', 'breth0']]);
  t.deepEqual(portsOf(local, 'breth0'), ['breth0', 'eth0']);
  t.deepEqual(portsOf(local, 'br-int'), ['br-int']);
});

test('gateway-deinit of a node that is not a gateway has nothing to do', async (t) => {
  const { nb, options } = await twoGateways(t);
  const before = routesOf(nb, 'm');
  t.false(await gatewayDeinit({ ...options, node: 'm', sysctlDir: directory(t) }));
  t.deepEqual(routesOf(nb, 'm'), before);
  t.deepEqual(namesOf(nb, 'Logical_Router'), ['GR_a', 'GR_b', 'm']);
});
