import test from 'ava';
import type { Uuid } from '../../src/ovsdb/columns.js';
import { BalancerGroups } from '../../src/watcher/apply_balancer_groups.js';
import { updateVips } from '../../src/watcher/apply_load_balancers.js';
import { VipAssignments } from '../../src/watcher/desired_assignments.js';
import { type Balancer, balancerText } from '../../src/watcher/desired_balancer.js';
import { BalancerIndex } from '../../src/watcher/state_balancers.js';
import { addCluster, addGateway, addNode, makeOriginal } from './cluster_rows.js';
import { FakeNorthbound } from './fake_northbound.js';
import { finish } from './finish.js';
import { reconcileAllVips, reconcileVips } from './reconciled_vips.js';

const CLUSTER: Balancer = { scope: 'cluster', protocol: 'tcp', service: 'd/web', options: {} };
const GATEWAY: Balancer = { ...CLUSTER, scope: { gateway: 'gw1' } };
const NODE: Balancer = { ...CLUSTER, scope: { node: 'gw2' } };
const STICKY: Balancer = { ...CLUSTER, service: 'd/sticky', hashBy: 'ip_src' };
const LOCAL: Balancer = { ...GATEWAY, service: 'd/local', options: { skip_snat: 'true' } };
const VIP = '10.96.0.5:80';
const OUTSIDE = '203.0.113.1:30080';
const TARGETS = '10.244.1.5:8080,10.244.2.5:8080';

/** A cluster with the nodes `gw1`, which has a gateway, and `gw2`. `put` assigns and commits as the watcher does. */
function start() {
  const nb = new FakeNorthbound();
  addCluster(nb);
  const nodes = ['gw1', 'gw2'].map((name, i) => addNode(nb, name, i + 1));
  addGateway(nb, 'gw1', 1, true);
  const index = new BalancerIndex();
  index.load(nb);
  nb.onChange((batch) => index.apply(batch));
  const assignments = new VipAssignments();
  const commit = async (add: (txn: ReturnType<FakeNorthbound['transaction']>) => void) => {
    const txn = nb.transaction('test');
    add(txn);
    await txn.commit();
  };
  const put = async (service: string, vips: readonly [Balancer, string, string][]) => {
    const ids = finish(
      assignments.put(
        service,
        1,
        vips.map(([balancer, vip, targets]) => ({ balancer, vip, targets })),
      ),
    );
    await commit((txn) => reconcileVips(index, txn, assignments, ids));
  };
  const audit = () => commit((txn) => reconcileAllVips(nb, index, txn, assignments, assignments.all));
  const rowOf = (balancer: Balancer) =>
    nb.find('Load_Balancer', (row) => row.external_ids.get('k8s-balancer') === balancerText(balancer));
  const members = (name: string) =>
    (nb.find('Load_Balancer_Group', (row) => row.name === name)?.load_balancer ?? []).map(
      (uuid) => nb.table('Load_Balancer').get(uuid)?.name ?? 'gone',
    );
  const router = () => nb.find('Logical_Router', ({ name }) => name === 'GR_gw1');
  const last = () => (nb.committed.at(-1) ?? []).map(({ op, table }) => `${op} ${table}`);
  return { nb, nodes, index, assignments, put, commit, audit, rowOf, members, router, last };
}

test('a service has a row a protocol, scope and set of options, in the group of the scope', async (t) => {
  const { nb, put, rowOf, members } = start();
  const udp: Balancer = { ...CLUSTER, protocol: 'udp' };
  await put('d/web', [
    [CLUSTER, VIP, TARGETS],
    [CLUSTER, '10.96.0.5:81', TARGETS],
    [udp, VIP, ''],
    [GATEWAY, OUTSIDE, TARGETS],
    [NODE, '10.96.0.6:80', TARGETS],
  ]);
  t.is(nb.committed.length, 1);
  t.is(nb.table('Load_Balancer').size, 4);
  const row = rowOf(CLUSTER);
  t.deepEqual(Object.fromEntries(row?.vips ?? []), { [VIP]: TARGETS, '10.96.0.5:81': TARGETS });
  t.like(row, { name: 'Service_d/web_TCP_cluster', protocol: 'tcp', options: new Map() });
  t.is(row?.external_ids.get('k8s-service'), 'd/web');
  t.deepEqual(rowOf(udp)?.vips, new Map([[VIP, '']]));
  t.deepEqual(members('k8s-cluster'), ['Service_d/web_TCP_cluster', 'Service_d/web_UDP_cluster']);
  t.deepEqual(members('GR_gw1'), ['Service_d/web_TCP_GR_gw1']);
  t.deepEqual(members('switch_gw2'), ['Service_d/web_TCP_switch_gw2']);
  t.deepEqual(members('switch_gw1'), []);
  await put('d/sticky', [[STICKY, '10.96.0.7:80', TARGETS]]);
  t.deepEqual(rowOf(STICKY)?.selection_fields, ['ip_src']);
  t.deepEqual(rowOf(CLUSTER)?.selection_fields, []);
});

test('a change of targets writes one key of one row', async (t) => {
  const { nb, put, rowOf } = start();
  await put('d/other', [[{ ...CLUSTER, service: 'd/other' }, '10.96.0.6:80', 'x']]);
  await put('d/web', [[CLUSTER, VIP, TARGETS]]);
  await put('d/web', [[CLUSTER, VIP, 'y']]);
  t.deepEqual(rowOf(CLUSTER)?.vips, new Map([[VIP, 'y']]));
  const [operation, ...others] = nb.committed.at(-1) ?? [];
  t.deepEqual(others, []);
  t.deepEqual(operation?.mutations, [
    ['vips', 'delete', ['set', [VIP]]],
    ['vips', 'insert', ['map', [[VIP, 'y']]]],
  ]);
});

test('the transaction for one changed service is as long among 500 services as alone', async (t) => {
  const { nb, put, assignments, index, commit } = start();
  const sent = async () => {
    const length = async (targets: string) => {
      await put('d/web', [[CLUSTER, VIP, targets]]);
      return JSON.stringify(nb.committed.at(-1)).length;
    };
    return [await length('y'), await length('z')];
  };
  await put('d/web', [[CLUSTER, VIP, 'x']]);
  const alone = await sent();
  const ids = Array.from({ length: 500 }, (_, i) => {
    const balancer: Balancer = { ...CLUSTER, service: `d/s${i}` };
    return finish(
      assignments.put(`d/s${i}`, 1, [{ balancer, vip: `10.97.${i >> 8}.${i & 255}:80`, targets: 'x' }]),
    );
  });
  await commit((txn) => reconcileVips(index, txn, assignments, ids.flat()));
  t.is(nb.committed.at(-1)?.length, 501, 'one change of the group for all');
  t.deepEqual(await sent(), alone);
});

test('a correct row is not written', async (t) => {
  const { nb, put, audit } = start();
  await put('d/web', [[CLUSTER, VIP, TARGETS]]);
  await put('d/sticky', [[STICKY, '10.96.0.6:80', TARGETS]]);
  await put('d/local', [[LOCAL, OUTSIDE, TARGETS]]);
  const { length } = nb.committed;
  await put('d/web', [[CLUSTER, VIP, TARGETS]]);
  await audit();
  t.is(nb.committed.length, length);
});

test('a row is deleted with its last address, and not before', async (t) => {
  const { put, rowOf, members } = start();
  await put('d/web', [
    [CLUSTER, VIP, TARGETS],
    [CLUSTER, '10.96.0.5:81', TARGETS],
  ]);
  await put('d/web', [[CLUSTER, VIP, TARGETS]]);
  t.deepEqual(rowOf(CLUSTER)?.vips, new Map([[VIP, TARGETS]]));
  await put('d/web', []);
  t.is(rowOf(CLUSTER), undefined);
  t.deepEqual(members('k8s-cluster'), []);
});

test('a service that gets affinity moves to another row in one transaction', async (t) => {
  const { nb, put, rowOf } = start();
  const { hashBy: _, ...former } = STICKY;
  await put('d/sticky', [[former, VIP, TARGETS]]);
  const { length } = nb.committed;
  await put('d/sticky', [[STICKY, VIP, TARGETS]]);
  t.is(nb.committed.length, length + 1);
  t.is(rowOf(former), undefined);
  t.deepEqual(rowOf(STICKY)?.vips, new Map([[VIP, TARGETS]]));
});

test('destinations of a service with affinity keep their positions, by which OVN chooses; others are as they come', async (t) => {
  const { nb, put, audit, rowOf } = start();
  const vips = (row: Balancer, targets: string): [Balancer, string, string][] => [[row, VIP, targets]];
  await put('d/sticky', vips(STICKY, 'a,b,c,d'));
  await put('d/sticky', vips(STICKY, 'a,c,d'));
  t.is(rowOf(STICKY)?.vips.get(VIP), 'a,d,c');
  const { length } = nb.committed;
  await put('d/sticky', vips(STICKY, 'c,d,a'));
  await audit();
  t.is(nb.committed.length, length, 'another order is no change');
  await put('d/sticky', vips(STICKY, 'b,c,d,a'));
  t.is(rowOf(STICKY)?.vips.get(VIP), 'a,d,c,b');
  await put('d/sticky', []);
  await put('d/web', vips(CLUSTER, 'a,b,c,d'));
  await put('d/web', vips(CLUSTER, 'a,c,d'));
  t.is(rowOf(CLUSTER)?.vips.get(VIP), 'a,c,d');
});

test('an audit restores the field by which OVN chooses', async (t) => {
  const { nb, put, audit, rowOf } = start();
  await put('d/sticky', [[STICKY, VIP, TARGETS]]);
  nb.update('Load_Balancer', rowOf(STICKY)?._uuid ?? ('' as Uuid), { selection_fields: [] });
  await audit();
  t.deepEqual(rowOf(STICKY)?.selection_fields, ['ip_src']);
});

test('a gateway without a router gets no row until its router is there', async (t) => {
  const { nb, put, audit, members } = start();
  await put('d/local', [[{ ...LOCAL, scope: { gateway: 'gw2' } }, '203.0.113.2:30080', TARGETS]]);
  t.is(nb.committed.length, 0);
  addGateway(nb, 'gw2', 2, false);
  await audit();
  t.deepEqual(members('GR_gw2'), ['Service_d/local_TCP_GR_gw2']);
});

test('an audit deletes addresses and rows that no service has any more, and only ours', async (t) => {
  const { nb, put, audit, rowOf, members } = start();
  await put('d/web', [[CLUSTER, VIP, TARGETS]]);
  await put('d/local', [[LOCAL, OUTSIDE, TARGETS]]);
  const web = rowOf(CLUSTER)?._uuid ?? ('' as Uuid);
  nb.update('Load_Balancer', web, {
    name: '',
    protocol: 'udp',
    options: new Map([['reject', 'true']]),
    vips: new Map([
      [VIP, TARGETS],
      ['10.96.0.9:80', 'stale'],
    ]),
  });
  const stale = (text: string) =>
    nb.insert('Load_Balancer', {
      vips: new Map([['10.96.0.8:80', 'stale']]),
      external_ids: new Map([
        ['k8s-service', 'd/gone'],
        ['k8s-balancer', text],
      ]),
    });
  const copy = nb.table('Load_Balancer').get(web);
  const strays = [stale(balancerText(STICKY)), stale('["gw1"'), nb.insert('Load_Balancer', { ...copy })];
  const theirs = new Map([['192.0.2.1:80', 'theirs']]);
  const operators = nb.insert('Load_Balancer', { name: 'theirs', vips: theirs });
  const group = nb.find('Load_Balancer_Group', ({ name }) => name === 'k8s-cluster');
  const local = rowOf(LOCAL)?._uuid ?? ('' as Uuid);
  nb.update('Load_Balancer_Group', group?._uuid ?? ('' as Uuid), { load_balancer: [operators, local] });
  await audit();
  t.like(rowOf(CLUSTER), { name: 'Service_d/web_TCP_cluster', protocol: 'tcp', options: new Map() });
  t.deepEqual(rowOf(CLUSTER)?.vips, new Map([[VIP, TARGETS]]));
  for (const uuid of strays) t.false(nb.table('Load_Balancer').has(uuid));
  t.deepEqual(rowOf(LOCAL)?.vips, new Map([[OUTSIDE, TARGETS]]));
  t.deepEqual(nb.table('Load_Balancer').get(operators)?.vips, theirs);
  t.deepEqual(members('k8s-cluster'), ['theirs', 'Service_d/web_TCP_cluster']);
  const { length } = nb.committed;
  await audit();
  t.is(nb.committed.length, length);
});

test('an audit makes and attaches the groups that nodes and gateways lack', async (t) => {
  const { nb, nodes, put, audit, members, router } = start();
  await put('d/web', [[CLUSTER, VIP, TARGETS]]);
  await put('d/local', [[LOCAL, OUTSIDE, TARGETS]]);
  const join = nb.insert('Logical_Switch', { name: 'join' });
  const [gw1 = '' as Uuid, gw2 = '' as Uuid] = nodes;
  nb.update('Logical_Switch', gw2, { load_balancer_group: [] });
  nb.update('Logical_Router', router()?._uuid ?? ('' as Uuid), { load_balancer_group: [] });
  for (const { _uuid, name } of nb.table('Load_Balancer_Group').values())
    if (name !== 'k8s-cluster') nb.delete('Load_Balancer_Group', _uuid);
  nb.update('Logical_Switch', gw1, { load_balancer_group: [] });
  const { length } = nb.committed;
  await audit();
  t.is(nb.committed.length, length + 1);
  const names = (row: { readonly load_balancer_group: readonly Uuid[] } | undefined) =>
    row?.load_balancer_group.map((uuid) => nb.table('Load_Balancer_Group').get(uuid)?.name);
  t.deepEqual(names(nb.table('Logical_Switch').get(gw1)), ['k8s-cluster', 'switch_gw1']);
  t.deepEqual(names(nb.table('Logical_Switch').get(gw2)), ['k8s-cluster', 'switch_gw2']);
  t.deepEqual(names(nb.table('Logical_Switch').get(join)), []);
  t.deepEqual(names(router()), ['GR_gw1']);
  t.deepEqual(members('k8s-cluster'), ['Service_d/web_TCP_cluster']);
  t.deepEqual(members('GR_gw1'), ['Service_d/local_TCP_GR_gw1']);
  await audit();
  t.is(nb.committed.length, length + 1);
});

test("an operator's switch that has the cluster's row of an earlier version gets the cluster's group", async (t) => {
  const { nb, assignments, audit } = start();
  const shared = makeOriginal(nb).get('k8s-cluster-lb-tcp=yes') ?? ('' as Uuid);
  const theirs = nb.insert('Logical_Switch', { name: 'theirs', load_balancer: [shared] });
  const other = nb.insert('Logical_Switch', { name: 'other' });
  finish(assignments.put('d/web', 1, [{ balancer: CLUSTER, vip: VIP, targets: TARGETS }]));
  for (const run of ['first', 'second']) {
    await audit();
    const groups = (uuid: Uuid) =>
      (nb.table('Logical_Switch').get(uuid)?.load_balancer_group ?? []).map(
        (one) => nb.table('Load_Balancer_Group').get(one)?.name,
      );
    t.deepEqual(groups(theirs), ['k8s-cluster'], run);
    t.deepEqual(groups(other), [], run);
  }
});

test('rows of earlier versions become rows in groups, in one transaction that leaves no address out', async (t) => {
  const { nb, nodes, assignments, audit, rowOf, members, router } = start();
  const shared = makeOriginal(nb);
  const tcp = shared.get('k8s-cluster-lb-tcp=yes') ?? ('' as Uuid);
  const outside = shared.get('TCP_lb_gateway_router=GR_gw1') ?? ('' as Uuid);
  nb.update('Load_Balancer', tcp, { vips: new Map([[VIP, TARGETS]]) });
  nb.update('Load_Balancer', outside, { vips: new Map([[OUTSIDE, TARGETS]]) });
  const own = nb.insert('Load_Balancer', {
    vips: new Map([['10.96.0.6:80', TARGETS]]),
    protocol: 'tcp',
    options: new Map(Object.entries(STICKY.options)),
    external_ids: new Map([
      ['k8s-service', 'd/sticky'],
      ['k8s-balancer', balancerText(STICKY)],
    ]),
  });
  const theirs = nb.insert('Load_Balancer', { name: 'theirs' });
  for (const node of nodes) {
    const before = nb.table('Logical_Switch').get(node)?.load_balancer ?? [];
    nb.update('Logical_Switch', node, { load_balancer: [...before, own, theirs] });
  }
  for (const [service, balancer, vip] of [
    ['d/web', CLUSTER, VIP],
    ['d/sticky', STICKY, '10.96.0.6:80'],
    ['d/local', LOCAL, OUTSIDE],
  ] as const)
    finish(assignments.put(service, 1, [{ balancer, vip, targets: TARGETS }]));
  await audit();
  t.is(nb.committed.length, 1);
  t.is(nb.table('Load_Balancer').size, 4);
  t.deepEqual(rowOf(CLUSTER)?.vips, new Map([[VIP, TARGETS]]));
  t.is(rowOf(STICKY)?._uuid, own, 'a row of one service stays');
  t.deepEqual(members('k8s-cluster').toSorted(), [
    'Service_d/sticky_TCP_cluster',
    'Service_d/web_TCP_cluster',
  ]);
  t.deepEqual(members('GR_gw1'), ['Service_d/local_TCP_GR_gw1']);
  for (const node of nodes) t.deepEqual(nb.table('Logical_Switch').get(node)?.load_balancer, [theirs]);
  t.deepEqual(router()?.load_balancer, []);
  await audit();
  t.is(nb.committed.length, 1);
});

test('the work may be interrupted after each virtual address whose destinations are put in order', async (t) => {
  const { nb, index, assignments, put } = start();
  const vips = (targets: string) =>
    Array.from({ length: 20 }, (_, i): [Balancer, string, string] => [STICKY, `10.96.0.6:${i + 1}`, targets]);
  await put('d/sticky', vips(TARGETS));
  const wanted = vips('10.244.1.5:8080').map(([balancer, vip, targets]) => ({ balancer, vip, targets }));
  const ids = finish(assignments.put('d/sticky', 1, wanted));
  const txn = nb.transaction('test');
  const work = updateVips(index, txn, new BalancerGroups(index, txn), assignments, ids);
  t.is([...work].length, 20);
});
