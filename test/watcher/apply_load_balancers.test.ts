import test from 'ava';
import type { Uuid } from '../../src/ovsdb/columns.js';
import { attachEverywhere, deleteStrayVips, reconcileVips } from '../../src/watcher/apply_load_balancers.js';
import { VipAssignments } from '../../src/watcher/desired_assignments.js';
import { type Balancer, balancerText } from '../../src/watcher/desired_balancer.js';
import { addCluster, addGateway, addNode } from './cluster_rows.js';
import { FakeNorthbound } from './fake_northbound.js';

const CLUSTER: Balancer = { scope: 'cluster', protocol: 'tcp', service: 'd/web', options: {} };
const GATEWAY: Balancer = { scope: { gateway: 'gw1' }, protocol: 'tcp', service: 'd/web', options: {} };
const STICKY: Balancer = { ...CLUSTER, service: 'd/sticky', options: { affinity_timeout: '60' } };
const LOCAL: Balancer = { ...GATEWAY, service: 'd/local', options: { skip_snat: 'true' } };
const VIP = '10.96.0.5:80';
const TARGETS = '10.244.1.5:8080,10.244.2.5:8080';

/** A cluster with the nodes `gw1`, which has a gateway, and `gw2`. `put` assigns and commits as the watcher does. */
function start() {
  const nb = new FakeNorthbound();
  const shared = addCluster(nb);
  const nodes = ['gw1', 'gw2'].map((name, i) => addNode(nb, name, i + 1, shared.values()));
  addGateway(nb, 'gw1', 1, true);
  const assignments = new VipAssignments();
  const put = async (service: string, vips: readonly [Balancer, string, string][]) => {
    const ids = assignments.put(
      service,
      1,
      vips.map(([balancer, vip, targets]) => ({ balancer, vip, targets })),
    );
    await commit((txn) => reconcileVips(nb, txn, assignments, ids));
  };
  const commit = async (add: (txn: ReturnType<FakeNorthbound['transaction']>) => void) => {
    const txn = nb.transaction('test');
    add(txn);
    await txn.commit();
  };
  const audit = () =>
    commit((txn) => {
      deleteStrayVips(nb, txn, assignments.all);
      attachEverywhere(nb, txn);
    });
  const vipsOf = (uuid: Uuid | undefined) =>
    Object.fromEntries((uuid && nb.table('Load_Balancer').get(uuid)?.vips) ?? []);
  const ownRow = (balancer: Balancer) =>
    nb.find('Load_Balancer', (row) => row.external_ids.get('k8s-balancer') === balancerText(balancer));
  const router = () => nb.find('Logical_Router', ({ name }) => name === 'GR_gw1');
  return { nb, shared, nodes, assignments, put, commit, audit, vipsOf, ownRow, router };
}

const TCP = 'k8s-cluster-lb-tcp';

test('a correct row is not written', async (t) => {
  const { nb, put, audit } = start();
  await put('d/web', [[CLUSTER, VIP, TARGETS]]);
  await put('d/sticky', [[STICKY, '10.96.0.6:80', TARGETS]]);
  await put('d/local', [[LOCAL, '203.0.113.1:30080', TARGETS]]);
  const { length } = nb.committed;
  await put('d/web', [[CLUSTER, VIP, TARGETS]]);
  await put('d/sticky', [[STICKY, '10.96.0.6:80', TARGETS]]);
  await audit();
  t.is(nb.committed.length, length);
});

test('the addresses of a service that is gone leave the shared row, which stays', async (t) => {
  const { nb, shared, put } = start();
  await put('d/web', [[CLUSTER, VIP, TARGETS]]);
  await put('d/web', []);
  t.deepEqual(nb.table('Load_Balancer').get(shared.get(TCP) ?? ('' as Uuid))?.vips, new Map());
});

test('a service with affinity has a row of its own on every node switch', async (t) => {
  const { nb, nodes, put, ownRow } = start();
  const join = nb.insert('Logical_Switch', { name: 'join' });
  await put('d/sticky', [[STICKY, VIP, TARGETS]]);
  const row = ownRow(STICKY);
  t.deepEqual(row?.options, new Map([['affinity_timeout', '60']]));
  t.deepEqual(row?.vips, new Map([[VIP, TARGETS]]));
  t.is(row?.protocol, 'tcp');
  t.is(row?.external_ids.get('k8s-service'), 'd/sticky');
  const has = (uuid: Uuid) =>
    nb
      .table('Logical_Switch')
      .get(uuid)
      ?.load_balancer.some((one) => one === row?._uuid);
  t.deepEqual(nodes.map(has), [true, true]);
  t.false(has(join));
});

test('a service with the policy Local has a row of its own on the router of each gateway', async (t) => {
  const { nb, nodes, put, ownRow, router } = start();
  await put('d/local', [[LOCAL, '203.0.113.1:30080', TARGETS]]);
  const row = ownRow(LOCAL);
  t.true(router()?.load_balancer.some((one) => one === row?._uuid));
  for (const node of nodes)
    t.false(
      nb
        .table('Logical_Switch')
        .get(node)
        ?.load_balancer.some((one) => one === row?._uuid),
    );
});

test('a row of one service is deleted with its last address', async (t) => {
  const { put, ownRow } = start();
  await put('d/sticky', [
    [STICKY, VIP, TARGETS],
    [STICKY, '10.96.0.5:81', TARGETS],
  ]);
  await put('d/sticky', [[STICKY, VIP, TARGETS]]);
  t.deepEqual(ownRow(STICKY)?.vips, new Map([[VIP, TARGETS]]));
  await put('d/sticky', []);
  t.is(ownRow(STICKY), undefined);
});

test('a service that gets affinity moves from the shared row to its own in one transaction', async (t) => {
  const { nb, shared, put, vipsOf, ownRow } = start();
  await put('d/sticky', [[CLUSTER, VIP, TARGETS]]);
  const { length } = nb.committed;
  await put('d/sticky', [[STICKY, VIP, TARGETS]]);
  t.is(nb.committed.length, length + 1);
  t.deepEqual(vipsOf(shared.get(TCP)), {});
  t.deepEqual(ownRow(STICKY)?.vips, new Map([[VIP, TARGETS]]));
});

test('a gateway without a router gets no row until its router is there', async (t) => {
  const { nb, put, commit, assignments } = start();
  const later: Balancer = { ...LOCAL, scope: { gateway: 'gw2' } };
  await put('d/local', [[later, '203.0.113.2:30080', TARGETS]]);
  t.is(nb.committed.length, 0);
  addGateway(nb, 'gw2', 2, false);
  const ids = assignments.all;
  await commit((txn) => reconcileVips(nb, txn, assignments, ids));
  const router = nb.find('Logical_Router', ({ name }) => name === 'GR_gw2');
  t.is(router?.load_balancer.length, 4);
});

test('an audit puts rows of one service on switches and routers that came later', async (t) => {
  const { nb, shared, put, audit, ownRow, router } = start();
  await put('d/sticky', [[STICKY, VIP, TARGETS]]);
  await put('d/local', [[LOCAL, '203.0.113.1:30080', TARGETS]]);
  const gw3 = addNode(nb, 'gw3', 3, shared.values());
  nb.update('Logical_Router', router()?._uuid ?? ('' as Uuid), { load_balancer: [] });
  const { length } = nb.committed;
  await audit();
  t.is(nb.committed.length, length + 1);
  t.true(
    nb
      .table('Logical_Switch')
      .get(gw3)
      ?.load_balancer.some((one) => one === ownRow(STICKY)?._uuid),
  );
  t.deepEqual(
    router()?.load_balancer.filter((one) => one === ownRow(LOCAL)?._uuid),
    [ownRow(LOCAL)?._uuid ?? ('' as Uuid)],
  );
  await audit();
  t.is(nb.committed.length, length + 1);
});

test('an audit skips a row whose k8s-balancer is damaged', async (t) => {
  const { nb, assignments, audit } = start();
  assignments.put('d/web', 1, []);
  nb.insert('Load_Balancer', { external_ids: new Map([['k8s-balancer', '["gw1"']]) });
  await audit();
  t.is(nb.committed.length, 0);
});
