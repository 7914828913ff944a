import test from 'ava';
import { addCluster, addNode } from './cluster_rows.js';
import { start, startInCluster } from './keeper_world.js';

test('it waits for the database, then for the cluster router, and writes nothing', async (t) => {
  const { nb, keeper, problems, setPod, ports } = start();
  setPod('one');
  nb.isConnected = false;
  await keeper.step();
  t.deepEqual(problems.current, ['waiting for the OVN_Northbound database']);
  nb.isConnected = true;
  await keeper.step();
  t.deepEqual(problems.current, ['waiting for the cluster router; run master-init']);
  addCluster(nb);
  addNode(nb, 'gw1', 1);
  await keeper.step();
  t.deepEqual(problems.current, []);
  t.deepEqual(ports(), ['ns_one']);
});

for (const source of ['pods', 'services', 'endpoints', 'nodes'] as const)
  test(`it writes nothing before the first list of ${source}`, async (t) => {
    const { keeper, synced, setPod, ports } = startInCluster();
    setPod('one');
    synced[source] = false;
    await keeper.step();
    t.deepEqual(ports(), []);
    synced[source] = true;
    await keeper.step();
    t.deepEqual(ports(), ['ns_one']);
  });

test('ports and virtual addresses are written in one transaction; the next step writes nothing', async (t) => {
  const { nb, keeper, setPod, setService, ports, vips } = startInCluster();
  setPod('one');
  setService('web', '198.51.100.1');
  await keeper.step();
  t.is(nb.committed.length, 1);
  t.deepEqual(ports(), ['ns_one']);
  t.deepEqual(vips(), ['198.51.100.1:80']);
  t.deepEqual(keeper.counts, { ports: 1, services: 1, vips: 2 });
  keeper.audit();
  await keeper.step();
  t.is(nb.committed.length, 1);
  t.is(keeper.transactions, 1);
});

test('IPv6 clients with affinity are hashed by their address once the database takes that', async (t) => {
  const { nb, keeper, services, changes } = startInCluster();
  const spec = {
    clusterIPs: ['10.96.0.7', 'fd00:10:96::7'],
    sessionAffinity: 'ClientIP',
    ports: [{ port: 80 }],
  };
  services.set('ns/sticky', { metadata: { namespace: 'ns', name: 'sticky' }, spec });
  changes.markService('ns/sticky');
  const rows = () =>
    nb
      .filter('Load_Balancer', () => true)
      .map(({ vips, selection_fields }) => [...vips.keys(), ...selection_fields].join(' '))
      .toSorted();
  await keeper.step();
  t.deepEqual(rows(), ['10.96.0.7:80 ip_src', '[fd00:10:96::7]:80 eth_src']);
  const { length } = nb.committed;
  // The database is converted to a newer schema, for which the server closes all connections.
  nb.allowed.add('ipv6_src');
  nb.setConnected(true);
  await keeper.step();
  t.deepEqual(rows(), ['10.96.0.7:80 ip_src', '[fd00:10:96::7]:80 ipv6_src']);
  t.is(nb.committed.length, length + 1);
});

test('what changed while no watcher ran is found by the first step', async (t) => {
  const { nb, keeper, pods, setPod, ports, changes } = startInCluster();
  setPod('gone');
  await keeper.step();
  pods.delete('ns/gone');
  setPod('new');
  changes.takePods(10);
  changes.takeAll();
  await keeper.step();
  t.deepEqual(ports(), ['ns_gone']);
  keeper.audit();
  await keeper.step();
  t.deepEqual(ports(), ['ns_new']);
  t.is(nb.committed.length, 2);
});

test('after a failed transaction the next step checks everything, and pods are annotated before it', async (t) => {
  const { nb, keeper, annotations, changes, setPod, setService, ports, vips } = startInCluster();
  setPod('one');
  await keeper.step();
  annotations.clear();
  changes.markAnnotation('ns/one');
  nb.failure = new Error('the disk is full');
  setPod('two');
  setService('web', '198.51.100.1');
  await t.throwsAsync(keeper.step(), { message: 'the disk is full' });
  t.deepEqual([...annotations.keys()], ['ns/one']);
  nb.failure = undefined;
  await keeper.step();
  t.deepEqual(ports(), ['ns_one', 'ns_two']);
  t.deepEqual(vips(), ['198.51.100.1:80']);
});
