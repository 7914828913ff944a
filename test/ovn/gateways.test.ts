import test from 'ava';
import { formatCidr } from '../../src/net/cidr.js';
import { explainError } from '../../src/net/errors.js';
import { JOIN_SIZE, joinAddresses } from '../../src/ovn/addresses.js';
import type { Northbound } from '../../src/ovn/connection.js';
import {
  chooseJoinAddresses,
  findClusterRouter,
  readGateways,
  readNodeSubnets,
  theClusterRouter,
} from '../../src/ovn/gateways.js';
import { wanted } from '../../src/ovn/rows.js';
import { emptyNorthbound, reconcile, write } from './northbound.js';

/** Inserts a gateway router with a port on switch `join`. */
async function addGateway(
  nb: Northbound,
  node: string,
  networks: readonly string[],
  ids: Readonly<Record<string, string>> = {},
): Promise<void> {
  await reconcile(nb, [
    wanted('Logical_Router', {
      is: { name: `GR_${node}` },
      pairs: { options: { chassis: node }, external_ids: ids },
      holds: {
        ports: [
          wanted('Logical_Router_Port', {
            is: { name: `rtoj-GR_${node}` },
            set: { networks, mac: '02:00:00:00:00:01' },
          }),
        ],
      },
    }),
  ]);
}

function addSwitch(
  nb: Northbound,
  name: string,
  { ids = {}, config = {} }: { ids?: Record<string, string>; config?: Record<string, string> },
): Promise<void> {
  return write(nb, (txn) => {
    txn.insert('Logical_Switch', {
      name,
      external_ids: new Map(Object.entries(ids)),
      other_config: new Map(Object.entries(config)),
    });
  });
}

test('a gateway is read with its addresses, its options and the subnets of its node', async (t) => {
  const nb = await emptyNorthbound(t);
  await addSwitch(nb, 'a', { ids: { gateway_ip: '10.244.2.1/24,fd00:10:244:2::1/64' } });
  await addGateway(nb, 'b', ['100.64.1.3/24']);
  await addGateway(nb, 'a', ['100.64.1.2/24', 'fd98:64::2/64'], {
    first_gateway: 'yes',
    physical_ip: '203.0.113.10/24, 2001:db8::10',
    'k8s-physical-bridge': 'breth0',
    'k8s-rampout-ip-subnets': '10.244.8.0/24',
  });
  const [a, b, ...rest] = readGateways(nb);
  t.deepEqual(rest, []);
  t.like(a, {
    node: 'a',
    isFirst: true,
    isShared: true,
    physical: ['203.0.113.10', '2001:db8::10'],
  });
  t.deepEqual(a?.join.map(formatCidr), ['100.64.1.2/24', 'fd98:64::2/64']);
  t.deepEqual(a?.rampout.map(formatCidr), ['10.244.8.0/24']);
  t.deepEqual(a?.subnets.map(formatCidr), ['10.244.2.1/24', 'fd00:10:244:2::1/64']);
  t.like(b, { node: 'b', isFirst: false, isShared: false, physical: [], rampout: [], subnets: [] });
});

test('a router without chassis, without a port on join, or of another name is not a gateway', async (t) => {
  const nb = await emptyNorthbound(t);
  await addGateway(nb, 'whole', ['100.64.1.2/24']);
  await write(nb, (txn) => {
    const port = (name: string) =>
      txn.insert('Logical_Router_Port', { name, mac: '02:00:00:00:00:01', networks: ['100.64.1.9/24'] });
    txn.insert('Logical_Router', { name: 'GR_no_chassis', ports: [port('rtoj-GR_no_chassis')] });
    txn.insert('Logical_Router', { name: 'GR_no_port', options: new Map([['chassis', 'x']]) });
    const options = new Map([['chassis', 'y']]);
    txn.insert('Logical_Router', { name: 'theirs', options, ports: [port('rtoj-theirs')] });
  });
  t.deepEqual(
    readGateways(nb).map(({ node }) => node),
    ['whole'],
  );
});

test('a gateway whose rows cannot be read is named; the others are read', async (t) => {
  const nb = await emptyNorthbound(t);
  await addGateway(nb, 'a', ['100.64.1.2/24'], { physical_ip: '203.0.113.10' });
  await addGateway(nb, 'b', ['100.64.1.3'], {});
  await addGateway(nb, 'c', ['100.64.1.4/24'], { physical_ip: '203.0.113.300' });
  await addGateway(nb, 'd', ['100.64.1.5/24'], {});
  await addSwitch(nb, 'd', { ids: { gateway_ip: 'x' } });
  const named: string[] = [];
  const read = readGateways(nb, (node, error) => named.push(`${node}: ${explainError(error)}`));
  t.deepEqual(
    read.map(({ node }) => node),
    ['a'],
  );
  const [b, c, d] = named.toSorted();
  t.regex(b ?? '', /^b: Logical_Router_Port rtoj-GR_b: networks=100\.64\.1\.3 cannot be read; correct it/);
  t.regex(c ?? '', /^c: Logical_Router GR_c: external_ids:physical_ip=203\.0\.113\.300 cannot be read/);
  t.regex(d ?? '', /^d: Logical_Switch d: external_ids:gateway_ip=x cannot be read/);
  t.throws(() => readGateways(nb), { code: 'ERR_BAD_ROW' });
});

test("a switch's subnets come from gateway_ip, else from other_config:subnet", async (t) => {
  const nb = await emptyNorthbound(t);
  await addSwitch(nb, 'both', {
    ids: { gateway_ip: '10.244.2.1/24' },
    config: { subnet: '10.244.9.0/24' },
  });
  await addSwitch(nb, 'subnet', { config: { subnet: '10.244.9.0/24' } });
  await addSwitch(nb, 'neither', {});
  const texts = (node: string) => readNodeSubnets(nb, node).map(formatCidr);
  t.deepEqual(texts('both'), ['10.244.2.1/24']);
  t.deepEqual(texts('subnet'), ['10.244.9.0/24']);
  t.deepEqual(texts('neither'), []);
  t.deepEqual(texts('absent'), []);
});

test('the cluster router is found by its key; without one the error names master-init', async (t) => {
  const nb = await emptyNorthbound(t);
  await write(nb, (txn) => {
    txn.insert('Logical_Router', { name: 'theirs' });
  });
  t.is(findClusterRouter(nb), undefined);
  t.throws(() => theClusterRouter(nb), {
    code: 'ERR_NO_CLUSTER',
    message: /run ovn-k8s-overlay master-init/,
  });
  await write(nb, (txn) => {
    txn.insert('Logical_Router', { name: 'm', external_ids: new Map([['k8s-cluster-router', 'yes']]) });
  });
  t.is(theClusterRouter(nb), 'm');
});

test('a gateway keeps its addresses on join, and a new one gets the lowest free ones', async (t) => {
  const nb = await emptyNorthbound(t);
  const chosen = (node: string) => chooseJoinAddresses(nb, node).map(formatCidr);
  t.deepEqual(chosen('a'), ['100.64.1.2/24', 'fd98:64::2/64'], 'the first is the cluster router');
  await addGateway(nb, 'a', ['100.64.1.2/24', 'fd98:64::2/64']);
  await addGateway(nb, 'c', ['100.64.1.4/24', 'fd98:64::4/64']);
  t.deepEqual(chosen('b'), ['100.64.1.3/24', 'fd98:64::3/64']);
  t.deepEqual(chosen('c'), ['100.64.1.4/24', 'fd98:64::4/64']);
});

test('a number is free only if no other port has its address of either family', async (t) => {
  const nb = await emptyNorthbound(t);
  await addGateway(nb, 'four', ['100.64.1.2/24']);
  await addGateway(nb, 'six', ['fd98:64::3/64']);
  t.deepEqual(chooseJoinAddresses(nb, 'new').map(formatCidr), ['100.64.1.4/24', 'fd98:64::4/64']);
  t.deepEqual(
    chooseJoinAddresses(nb, 'four').map(formatCidr),
    ['100.64.1.2/24', 'fd98:64::2/64'],
    'a gateway of one family gets the address of the other family with the same number',
  );
});

test('a full join switch is an error with the remedy', async (t) => {
  const nb = await emptyNorthbound(t);
  const all = Array.from({ length: JOIN_SIZE - 1 }, (_, index) => joinAddresses(index + 2)).flat();
  await addGateway(nb, 'greedy', all.map(formatCidr));
  t.throws(() => chooseJoinAddresses(nb, 'late'), { code: 'ERR_JOIN_FULL', message: /run gateway-deinit/ });
});
