import { existsSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { parseCidr } from '../../src/net/cidr.js';
import { masterInit, minionInit } from '../../src/overlay/node_init.js';
import { clusterRouter } from '../../src/overlay/topology.js';
import { readServiceSubnets } from '../../src/ovn/gateways.js';
import { rootOf } from '../../src/switch/connection.js';
import { reconcile } from '../ovn/northbound.js';
import { write as writeLocal } from '../switch/local_database.js';
import { gatewaySpec, namesOf, nodeRows, rowsOfGateway } from './cluster.js';
import { bothDatabases, type TestDatabases } from './databases.js';
import { directory } from './two_gateways.js';

const SUBNETS = { clusterSubnets: [parseCidr('10.244.0.0/16')], subnets: [parseCidr('10.244.5.0/24')] };
const MASTER = { ...SUBNETS, serviceSubnets: undefined };

function cniIn(root: string) {
  return { conf: join(root, 'net.d'), bin: join(root, 'bin') };
}

/** Asserts that a refused command has created neither a bridge nor directories. */
function expectUnchanged(t: ExecutionContext, { local }: TestDatabases, root: string): void {
  t.is(local.table('Bridge').size, 0);
  t.false(existsSync(cniIn(root).bin));
  t.false(existsSync(cniIn(root).conf));
}

async function setSystemId({ local }: TestDatabases, id: string): Promise<void> {
  await writeLocal(local, (txn) =>
    txn.mutate('Open_vSwitch', rootOf(local), { external_ids: { set: { 'system-id': id } } }),
  );
}

test('minion-init before master-init is refused, and changes nothing', async (t) => {
  const databases = await bothDatabases(t);
  await setSystemId(databases, 'a');
  const root = directory(t);
  await t.throwsAsync(minionInit({ ...databases.options, ...SUBNETS, node: 'a', cni: cniIn(root) }), {
    code: 'ERR_NO_CLUSTER',
  });
  expectUnchanged(t, databases, root);
});

test('minion-init with the subnet of another node is refused, and changes nothing', async (t) => {
  const databases = await bothDatabases(t);
  await setSystemId(databases, 'a');
  await reconcile(databases.nb, nodeRows('m', 5));
  const root = directory(t);
  await t.throwsAsync(minionInit({ ...databases.options, ...SUBNETS, node: 'a', cni: cniIn(root) }), {
    code: 'ERR_OVERLAP',
    message: /^--minion-switch-subnet=/,
  });
  expectUnchanged(t, databases, root);
  t.deepEqual(namesOf(databases.nb, 'Logical_Switch'), ['join', 'm']);
});

test('minion-init with a directory that cannot be written changes no database', async (t) => {
  const databases = await bothDatabases(t);
  await setSystemId(databases, 'a');
  await reconcile(databases.nb, nodeRows('m', 1));
  const root = directory(t);
  const cni = { ...cniIn(root), bin: '/proc/x' };
  await t.throwsAsync(minionInit({ ...databases.options, ...SUBNETS, node: 'a', cni }), {
    code: 'ERR_CNI',
  });
  expectUnchanged(t, databases, root);
  t.deepEqual(namesOf(databases.nb, 'Logical_Switch'), ['join', 'm']);
});

test('master-init of a second cluster router is refused, and changes nothing', async (t) => {
  const databases = await bothDatabases(t);
  await setSystemId(databases, 'a');
  await reconcile(databases.nb, nodeRows('m', 1));
  await t.throwsAsync(masterInit({ ...databases.options, ...MASTER, node: 'a' }), {
    code: 'ERR_OTHER_CLUSTER',
  });
  t.is(databases.local.table('Bridge').size, 0);
  t.deepEqual(namesOf(databases.nb, 'Logical_Router'), ['m']);
});

test('a subnet of services that contains the network of a router is refused, and changes nothing', async (t) => {
  const databases = await bothDatabases(t);
  await setSystemId(databases, 'm');
  await reconcile(databases.nb, nodeRows('a', 1));
  await reconcile(databases.nb, rowsOfGateway(gatewaySpec('a', 10)));
  for (const [subnet, port] of [
    ['10.244.1.0/28', 'rtos-a'],
    ['203.0.112.0/23', 'rtoe-GR_a'],
  ] as const)
    await t.throwsAsync(
      masterInit({ ...databases.options, ...MASTER, serviceSubnets: [parseCidr(subnet)], node: 'm' }),
      { code: 'ERR_OVERLAP', message: new RegExp(`^--service-ip-subnet=${subnet}: overlaps .* ${port};`) },
    );
  t.is(databases.local.table('Bridge').size, 0);
  t.deepEqual(readServiceSubnets(databases.nb), []);
});

test('minion-init with a subnet inside that of the services is refused, and changes nothing', async (t) => {
  const databases = await bothDatabases(t);
  await setSystemId(databases, 'a');
  const ids = { 'k8s-service-ip-subnet': '10.244.4.0/23' };
  await reconcile(databases.nb, nodeRows('m', 1));
  await reconcile(databases.nb, [clusterRouter('m', {}, {}, ids)]);
  const root = directory(t);
  await t.throwsAsync(minionInit({ ...databases.options, ...SUBNETS, node: 'a', cni: cniIn(root) }), {
    code: 'ERR_OVERLAP',
    message: /^--service-ip-subnet=10\.244\.4\.0\/23: overlaps 10\.244\.5\.0\/24 of node a;/,
  });
  expectUnchanged(t, databases, root);
});

test('a host without system-id is refused, and nothing changes', async (t) => {
  const databases = await bothDatabases(t);
  await t.throwsAsync(masterInit({ ...databases.options, ...MASTER, node: 'm' }), {
    code: 'ERR_NOT_CONFIGURED',
    message: /external_ids:system-id is not set/,
  });
  t.is(databases.local.table('Bridge').size, 0);
  t.is(databases.nb.table('Logical_Router').size, 0);
});
