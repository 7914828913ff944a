import type { V1Pod } from '@kubernetes/client-node';
import test from 'ava';
import { ANNOTATION } from '../../src/kube/pod_annotation.js';
import { podNetwork, reconcilePods } from '../../src/watcher/apply_pod_ports.js';
import { PortIndex } from '../../src/watcher/state_ports.js';
import { addNode } from './cluster_rows.js';
import { FakeNorthbound } from './fake_northbound.js';

function pod(name: string, nodeName: string, address?: string): V1Pod {
  const annotation = JSON.stringify({
    ip_address: `${address}/24`,
    mac_address: `0a:58:0a:f4:01:${address?.split('.')[3]?.padStart(2, '0')}`,
    gateway_ip: '10.244.1.1',
  });
  const annotations = address === undefined ? {} : { annotations: { [ANNOTATION]: annotation } };
  return { metadata: { namespace: 'ns', name, ...annotations }, spec: { containers: [], nodeName } };
}

/** A cluster with two nodes. `settle` reconciles these pods and the keys in `also`, and returns the problems by key. */
function start() {
  const nb = new FakeNorthbound();
  const nodes = { gw1: addNode(nb, 'gw1', 1), gw2: addNode(nb, 'gw2', 2) };
  const index = new PortIndex();
  index.load(nb);
  nb.onChange((changes) => index.apply(changes));
  const settle = async (pods: readonly V1Pod[], also: readonly string[] = []) => {
    const all = new Map(pods.map((one) => [`ns/${one.metadata?.name}`, one]));
    const txn = nb.transaction('test');
    const problems = reconcilePods(index, txn, [...all.keys(), ...also], (key) => all.get(key));
    await txn.commit();
    return Object.fromEntries(problems);
  };
  const ports = () =>
    Object.fromEntries(
      nb
        .filter('Logical_Switch_Port', () => true)
        .map(({ _uuid, name, addresses }) => [name, `${index.switchOf(_uuid)?.name} ${addresses.join()}`]),
    );
  return { nb, nodes, index, settle, ports };
}

test('a pod gets a port on the switch of its node, with the keys that the plugin and tools search by', async (t) => {
  const { nb, settle, ports } = start();
  t.deepEqual(await settle([pod('one', 'gw1'), pod('two', 'gw2')]), {});
  t.deepEqual(ports(), { ns_one: 'gw1 dynamic', ns_two: 'gw2 dynamic' });
  t.deepEqual(
    nb.find('Logical_Switch_Port', ({ name }) => name === 'ns_one')?.external_ids,
    new Map([
      ['pod', 'true'],
      ['namespace', 'ns'],
    ]),
  );
});

test('a port that is right is not written', async (t) => {
  const { nb, settle } = start();
  await settle([pod('one', 'gw1')]);
  const { length } = nb.committed;
  await settle([pod('one', 'gw1')]);
  t.is(nb.committed.length, length);
});

test('the port of a pod that is gone is deleted', async (t) => {
  const { settle, ports } = start();
  await settle([pod('one', 'gw1'), pod('two', 'gw1')]);
  t.deepEqual(await settle([pod('two', 'gw1')], ['ns/one']), {});
  t.deepEqual(ports(), { ns_two: 'gw1 dynamic' });
});

test('a pod of the same name on another node gets its port there, in one transaction', async (t) => {
  const { nb, settle, ports } = start();
  await settle([pod('one', 'gw1')]);
  const { length } = nb.committed;
  await settle([pod('one', 'gw2')]);
  t.deepEqual(ports(), { ns_one: 'gw2 dynamic' });
  t.is(nb.committed.length, length + 1);
});

test('a pod keeps the address in its annotation; a second pod with the same one gets another', async (t) => {
  const { settle, ports } = start();
  await settle([pod('one', 'gw1', '10.244.1.5'), pod('two', 'gw1', '10.244.1.5')]);
  t.deepEqual(ports(), { ns_one: 'gw1 0a:58:0a:f4:01:05 10.244.1.5', ns_two: 'gw1 dynamic' });
  await settle([pod('three', 'gw1', '10.244.1.5'), pod('four', 'gw1', '10.244.1.6')]);
  t.like(ports(), { ns_three: 'gw1 dynamic', ns_four: 'gw1 0a:58:0a:f4:01:06 10.244.1.6' });
});

test('a pod whose node has no switch is named, and the others get their ports', async (t) => {
  const { settle, ports } = start();
  t.deepEqual(await settle([pod('lost', 'gw9'), pod('one', 'gw1')]), {
    'ns/lost': 'Pod ns/lost: node gw9 has no Logical_Switch; run minion-init there',
  });
  t.deepEqual(ports(), { ns_one: 'gw1 dynamic' });
});

test('an annotation that cannot be read is named; the pod gets its port all the same', async (t) => {
  const { settle, ports } = start();
  const broken = pod('one', 'gw1');
  const problems = await settle([
    { ...broken, metadata: { ...broken.metadata, annotations: { [ANNOTATION]: 'garbage' } } },
  ]);
  t.regex(problems['ns/one'] ?? '', /^Pod ns\/one: annotation ovn is not JSON: .*the watcher replaces it$/);
  t.deepEqual(ports(), { ns_one: 'gw1 dynamic' });
});

test('a port of that name which is not of a pod is named and left alone', async (t) => {
  const { nb, nodes, settle, ports } = start();
  nb.insertPort(nodes.gw2, { name: 'ns_one', addresses: ['unknown'] });
  t.deepEqual(await settle([pod('one', 'gw1')]), {
    'ns/one': 'Pod ns/one: Logical_Switch_Port ns_one exists and belongs to no pod; rename one of them',
  });
  t.deepEqual(ports(), { ns_one: 'gw2 unknown' });
  t.is(nb.committed.length, 0);
});

test('the network of a pod is known once OVN has allocated its address', async (t) => {
  const { nb, index, settle } = start();
  await settle([pod('one', 'gw1')]);
  t.is(podNetwork(index, 'ns/one'), undefined);
  t.is(podNetwork(index, 'ns/none'), undefined);
  const uuid = index.port('ns_one')?._uuid;
  if (uuid === undefined) return t.fail('no port');
  nb.update('Logical_Switch_Port', uuid, { dynamic_addresses: '0a:58:0a:f4:01:05 10.244.1.5' });
  const { mac, addresses, gateways } = podNetwork(index, 'ns/one') ?? {};
  t.is(String(mac), '0a:58:0a:f4:01:05');
  t.like(addresses?.[0], { address: '10.244.1.5', prefix: 24 });
  t.deepEqual(gateways?.map(String), ['10.244.1.1']);
});
