import test from 'ava';
import { servedKey } from '../../src/ovn/keys.js';
import { addGateway, addNode } from './cluster_rows.js';
import { startInCluster } from './keeper_world.js';

test('a gateway that cannot be read is named and keeps its last addresses; everything else is served', async (t) => {
  const { nb, keeper, problems, setPod, setService, ports, vips } = startInCluster();
  setService('web', '198.51.100.1');
  await keeper.step();
  const before = vips();
  const router = nb.find('Logical_Router', ({ name }) => name === 'GR_gw1');
  if (router === undefined) return t.fail('no router');
  const broken = new Map([...router.external_ids, ['physical_ip', '203.0.113.300']]);
  nb.update('Logical_Router', router._uuid, { external_ids: broken });
  setPod('one');
  await keeper.step();
  t.is(problems.current.length, 1);
  t.regex(
    problems.current[0] ?? '',
    /^Logical_Router GR_gw1: external_ids:physical_ip=203\.0\.113\.300 cannot be read; correct it/,
  );
  t.deepEqual(ports(), ['ns_one']);
  t.deepEqual(vips(), before);
  nb.update('Logical_Router', router._uuid, { external_ids: router.external_ids });
  await keeper.step();
  t.deepEqual(problems.current, []);
});

test('a new gateway changes the node ports of every service, and no other step checks them', async (t) => {
  const { nb, keeper, services, setService, vips, vipRows } = startInCluster();
  setService('web', '198.51.100.1');
  const web = services.get('ns/web');
  services.set('ns/web', { ...web, spec: { ...web?.spec, clusterIP: '10.96.0.1' } });
  await keeper.step();
  t.deepEqual(vips().sort(), ['10.96.0.1:80', '198.51.100.1:80', '203.0.113.1:30080']);
  addGateway(nb, 'gw2', 2, false);
  await keeper.step();
  t.is(vipRows().filter((vip) => vip === '203.0.113.2:30080').length, 2);
});

test("where a gateway's helper says which addresses it serves, others have no virtual address", async (t) => {
  const { nb, keeper, setService, vips } = startInCluster();
  setService('a', '203.0.113.80');
  setService('b', '203.0.113.81', 0, 81);
  await keeper.step();
  t.deepEqual(vips().toSorted(), ['203.0.113.80:80', '203.0.113.81:81'], 'a helper of an earlier version');
  const router = nb.find('Logical_Router', ({ name }) => name === 'GR_gw1');
  if (router === undefined) return t.fail('no router');
  const both = ['203.0.113.80', '203.0.113.81'];
  for (const [served, expected] of [
    [['203.0.113.81'], ['203.0.113.81:81']],
    [[], []],
    [both, ['203.0.113.80:80', '203.0.113.81:81']],
  ] as const) {
    const txn = nb.transaction('the helper');
    const pairs = { 'k8s-served': 'yes', ...Object.fromEntries(served.map((ip) => [servedKey(ip), 'yes'])) };
    const gone = both.filter((ip) => !served.some((one) => one === ip)).map(servedKey);
    txn.mutate('Logical_Router', router._uuid, { external_ids: { set: pairs, delete: gone } });
    await txn.commit();
    await keeper.step();
    t.deepEqual(vips().toSorted(), [...expected], served.join());
  }
});

test('a host that says or changes its own address changes the services with an endpoint there, and no other step', async (t) => {
  const { nb, keeper, services, endpoints, changes } = startInCluster();
  const clusterIP = (name: string, ip: string, endpoint: string) => {
    services.set(`ns/${name}`, {
      metadata: { namespace: 'ns', name },
      spec: { clusterIP: ip, ports: [{ port: 80 }] },
    });
    const one = {
      ip: endpoint,
      port: 9090,
      portName: '',
      protocol: 'TCP',
      node: undefined,
      state: 'ready' as const,
    };
    endpoints.set(`ns/${name}`, [one]);
    changes.markService(`ns/${name}`);
  };
  clusterIP('api', '10.96.0.1', '203.0.113.1');
  clusterIP('web', '10.96.0.2', '10.244.1.9');
  const targets = () =>
    nb.filter('Load_Balancer', ({ vips }) => vips.size > 0).map(({ vips }) => [...vips.values()].join());
  await keeper.step();
  t.deepEqual(targets().sort(), ['10.244.1.9:9090', '203.0.113.1:9090']);
  const gw1 = nb.find('Logical_Switch', ({ name }) => name === 'gw1');
  if (gw1 === undefined) return t.fail('no switch');
  const say = (addresses: string) =>
    nb.update('Logical_Switch', gw1._uuid, {
      external_ids: new Map([...gw1.external_ids, ['k8s-host-addresses', addresses]]),
    });
  say('203.0.113.1,203.0.113.100');
  await keeper.step();
  t.deepEqual(targets().sort(), ['10.244.1.2:9090', '10.244.1.9:9090']);
  const { length } = nb.committed;
  say('203.0.113.1,203.0.113.101');
  await keeper.step();
  t.is(nb.committed.length, length, 'another second address changes nothing');
  say('203.0.113.7');
  await keeper.step();
  t.deepEqual(targets().sort(), ['10.244.1.9:9090', '203.0.113.1:9090']);
});

test('a node where ovn-k8s-node comes to run gets node ports of policy Local at its router', async (t) => {
  const { nb, keeper, services, setService, vips } = startInCluster();
  setService('web', '198.51.100.1');
  const web = services.get('ns/web');
  const spec = { ...web?.spec, clusterIP: '10.96.0.1', externalTrafficPolicy: 'Local' };
  services.set('ns/web', { ...web, spec });
  await keeper.step();
  t.false(vips().includes('10.244.1.1:30080'));
  const gw1 = nb.find('Logical_Switch', ({ name }) => name === 'gw1');
  if (gw1 === undefined) return t.fail('no switch');
  const external_ids = new Map([...gw1.external_ids, ['k8s-host-addresses', '203.0.113.1']]);
  nb.update('Logical_Switch', gw1._uuid, { external_ids });
  await keeper.step();
  t.true(vips().includes('10.244.1.1:30080'));
  nb.update('Logical_Switch', gw1._uuid, { external_ids: gw1.external_ids });
  await keeper.step();
  t.false(vips().includes('10.244.1.1:30080'));
});

test('a node that joins has the services of internalTrafficPolicy Local too', async (t) => {
  const { nb, keeper, services, changes } = startInCluster();
  services.set('ns/web', {
    metadata: { namespace: 'ns', name: 'web' },
    spec: { clusterIP: '10.96.0.1', internalTrafficPolicy: 'Local', ports: [{ port: 80 }] },
  });
  changes.markService('ns/web');
  const groups = () =>
    nb
      .filter('Load_Balancer_Group', ({ load_balancer }) => load_balancer.length > 0)
      .map(({ name }) => name)
      .sort();
  await keeper.step();
  t.deepEqual(groups(), ['switch_gw1']);
  addNode(nb, 'n2', 2);
  await keeper.step();
  t.deepEqual(groups(), ['switch_gw1', 'switch_n2']);
});

test('nodes that get zones, or other zones, change where hints lead', async (t) => {
  const { nb, world, keeper, services, endpoints, changes } = startInCluster();
  addNode(nb, 'n2', 2);
  const one = (ip: string, zone: string) => ({
    ...{ ip, port: 80, portName: '', protocol: 'TCP', node: undefined },
    ...{ state: 'ready' as const, forZones: [zone] },
  });
  services.set('ns/web', {
    metadata: { namespace: 'ns', name: 'web' },
    spec: { clusterIP: '10.96.0.1', ports: [{ port: 80 }] },
  });
  endpoints.set('ns/web', [one('10.244.1.9', 'a'), one('10.244.2.9', 'b')]);
  changes.markService('ns/web');
  const rows = () =>
    Object.fromEntries(
      nb
        .filter('Load_Balancer', ({ vips }) => vips.size > 0)
        .map(({ external_ids, vips }) => [
          String(JSON.parse(external_ids.get('k8s-balancer') ?? '[]')[0]?.node ?? 'cluster'),
          vips.get('10.96.0.1:80'),
        ]),
    );
  await keeper.step();
  t.deepEqual(rows(), { cluster: '10.244.1.9:80,10.244.2.9:80' });
  world.zones = new Map([
    ['gw1', 'a'],
    ['n2', 'b'],
  ]);
  await keeper.step();
  t.deepEqual(rows(), { gw1: '10.244.1.9:80', n2: '10.244.2.9:80' });
  endpoints.set('ns/web', [{ ...one('10.244.1.9', 'a'), forZones: [] }]);
  changes.markService('ns/web');
  await keeper.step();
  t.deepEqual(rows(), { cluster: '10.244.1.9:80' });
});

test("a pod's host port is at its node's gateway while the pod runs, also after a restart of the watcher", async (t) => {
  const { nb, keeper, pods, changes, vips, problems } = startInCluster();
  const router = nb.find('Logical_Router', ({ name }) => name === 'GR_gw1');
  if (router === undefined) return t.fail('no router');
  nb.update('Logical_Router', router._uuid, {
    external_ids: new Map([...router.external_ids, ['k8s-physical-bridge', 'breth0']]),
  });
  const set = (hostPort: number | undefined) => {
    const ports = hostPort === undefined ? [] : [{ ports: [{ containerPort: 80, hostPort }] }];
    pods.set('ns/web', {
      metadata: { namespace: 'ns', name: 'web', uid: 'u' },
      spec: { nodeName: 'gw1', containers: ports },
      status: { podIPs: [{ ip: '10.244.1.2' }] },
    });
    changes.markPod('ns/web');
  };
  set(8088);
  await keeper.step();
  t.deepEqual(vips(), ['203.0.113.1:8088']);
  keeper.audit();
  await keeper.step();
  t.deepEqual(vips(), ['203.0.113.1:8088']);
  t.is(keeper.counts.services, 0);
  set(22);
  await keeper.step();
  t.deepEqual(vips(), []);
  t.deepEqual(problems.current, [
    "Pod ns/web: host port tcp 22 is refused: port 22 is always the host's, for ssh",
  ]);
  set(8089);
  await keeper.step();
  t.deepEqual(vips(), ['203.0.113.1:8089']);
  pods.delete('ns/web');
  changes.markPod('ns/web');
  await keeper.step();
  t.deepEqual(vips(), []);
  t.deepEqual(problems.current, []);
});
