import test from 'ava';
import { readNorthbound } from '../../../src/doctor/facts/northbound.js';
import { formatCidr } from '../../../src/net/cidr.js';
import { clusterRouter } from '../../../src/overlay/topology.js';
import { gatewaySpec, nodeRows, rowsOfGateway } from '../../overlay/cluster.js';
import { emptyNorthbound, reconcile, write } from '../../ovn/northbound.js';

test('nodes are the switches with a management port, gateways have the MTU of the network outside', async (t) => {
  const nb = await emptyNorthbound(t);
  await reconcile(nb, nodeRows('a', 2));
  await reconcile(nb, rowsOfGateway(gatewaySpec('a', 2, { mtu: 9000 })));
  await reconcile(nb, rowsOfGateway(gatewaySpec('b', 3, { isShared: false, device: 'eth1' })));
  const { nodes, gateways } = readNorthbound(nb);
  t.deepEqual(
    nodes.map(({ name, addresses }) => `${name} ${addresses.join()}`),
    ['a 10.244.2.2'],
  );
  t.deepEqual(gateways, [
    { node: 'a', isShared: true, outsideMtu: 9000, servesOutside: true },
    { node: 'b', isShared: false, outsideMtu: 1500, servesOutside: true },
  ]);
});

test('an MTU that is missing or no number is unknown', async (t) => {
  const nb = await emptyNorthbound(t);
  for (const [node, n, mtu] of [
    ['a', 2, undefined],
    ['b', 3, 'big'],
  ] as const) {
    await reconcile(nb, rowsOfGateway(gatewaySpec(node, n)));
    const port = nb.find('Logical_Router_Port', ({ name }) => name === `rtoe-GR_${node}`);
    if (port === undefined) throw new Error('there is no port');
    await write(nb, (txn) =>
      txn.mutate('Logical_Router_Port', port._uuid, {
        options: mtu === undefined ? { delete: ['gateway_mtu'] } : { set: { gateway_mtu: mtu } },
      }),
    );
  }
  t.deepEqual(
    readNorthbound(nb).gateways.map(({ outsideMtu }) => outsideMtu),
    [undefined, undefined],
  );
});

test('a gateway router is read although its rows are incomplete or malformed', async (t) => {
  const nb = await emptyNorthbound(t);
  await write(nb, (txn) => {
    const external_ids = new Map([['k8s-physical-bridge', 'breth0']]);
    txn.insert('Logical_Router', { name: 'GR_a', external_ids });
    const mac = '02:00:00:00:00:01';
    const port = txn.insert('Logical_Router_Port', { name: 'rtoj-GR_b', mac, networks: ['no network'] });
    txn.insert('Logical_Router', { name: 'GR_b', options: new Map([['chassis', 'b']]), ports: [port] });
  });
  t.deepEqual(readNorthbound(nb).gateways, [
    { node: 'a', isShared: true, outsideMtu: undefined, servesOutside: false },
    { node: 'b', isShared: false, outsideMtu: undefined, servesOutside: false },
  ]);
});

test('the subnets of services are those of the cluster router; a text that is none is left out', async (t) => {
  const nb = await emptyNorthbound(t);
  t.deepEqual(readNorthbound(nb).serviceSubnets, []);
  await reconcile(nb, [clusterRouter('m', {}, {}, { 'k8s-service-ip-subnet': '10.96.0.0/16,nonsense' })]);
  t.deepEqual(readNorthbound(nb).serviceSubnets.map(formatCidr), ['10.96.0.0/16']);
});
