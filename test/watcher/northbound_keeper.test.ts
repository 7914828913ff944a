import test from 'ava';
import { SILENT } from '../../src/daemon/log.js';
import { Memo } from '../../src/daemon/memo.js';
import { Problems } from '../../src/daemon/problems.js';
import { AddressGuard } from '../../src/kube/address_guard.js';
import type { Endpoint } from '../../src/kube/endpoint_index.js';
import { ANNOTATION, type Pod, type Service } from '../../src/kube/kinds.js';
import { type Claim, claimOf } from '../../src/net/claims.js';
import { parseIp } from '../../src/net/ip.js';
import { servedKey } from '../../src/ovn/keys.js';
import { NorthboundKeeper } from '../../src/watcher/northbound_keeper.js';
import { NorthboundSource } from '../../src/watcher/sources/northbound.js';
import { Changes } from '../../src/watcher/state_changes.js';
import { addCluster, addGateway, addNode } from './cluster_rows.js';
import { FakeNorthbound } from './fake_northbound.js';

const ANNOTATED = JSON.stringify({
  ip_address: '10.244.1.2/24',
  mac_address: '0a:58:0a:f4:01:02',
  gateway_ip: '10.244.1.1',
});

/** The keeper of a cluster with node `gw1` and its gateway, and objects of the API server that a test sets. */
function start() {
  const nb = new FakeNorthbound();
  const pods = new Map<string, Pod>();
  const services = new Map<string, Service>();
  const endpoints = new Map<string, Endpoint[]>();
  const synced = { pods: true, services: true, endpoints: true, nodes: true };
  const annotations = new Map<string, string>();
  const problems = new Problems(SILENT);
  const rung = { times: 0 };
  const changes = new Changes(() => {
    rung.times++;
  });
  const world: { claims: readonly Claim[] | undefined; zones: ReadonlyMap<string, string> } = {
    claims: [],
    zones: new Map(),
  };
  const said = new Map<string, readonly string[]>();
  const guards = new Memo(
    (claims: readonly Claim[], rows: readonly Claim[]) =>
      new AddressGuard({ claims: [...claims, ...rows], allowed: undefined }),
  );
  const northbound = new NorthboundSource(nb, changes);
  void northbound.run(new AbortController().signal);
  const keeper = new NorthboundKeeper({
    nb,
    pods: {
      objects: pods,
      get hasSynced() {
        return synced.pods;
      },
    },
    services: {
      objects: services,
      get hasSynced() {
        return synced.services;
      },
    },
    endpoints: {
      of: (key) => endpoints.get(key) ?? [],
      servicesAt: (ips) =>
        new Set([...endpoints].flatMap(([key, all]) => (all.some(({ ip }) => ips.has(ip)) ? [key] : []))),
      get hasSynced() {
        return synced.endpoints;
      },
    },
    ports: northbound.ports,
    balancers: northbound.balancers,
    changes,
    guard: { guard: ({ nodes, rows }) => nodes && rows && guards.get(nodes, rows) },
    nodes: {
      get hasSynced() {
        return world.claims !== undefined;
      },
      get isPending() {
        return !synced.nodes;
      },
      get claims() {
        return world.claims ?? [];
      },
      get zones() {
        return world.zones;
      },
    },
    events: { say: (owner, { service }, texts) => said.set(`${service} ${owner}`, texts) },
    annotator: {
      want: (key, { uid, text }) => annotations.set(key, `${uid} ${text}`),
      forget: (key) => annotations.delete(key),
    },
    problems,
  });
  const setPod = (name: string, annotation?: string, ip?: string) => {
    const annotated = annotation === undefined ? {} : { annotations: { [ANNOTATION]: annotation } };
    pods.set(`ns/${name}`, {
      metadata: { namespace: 'ns', name, uid: `uid-${name}`, ...annotated },
      spec: { nodeName: 'gw1' },
      ...(ip === undefined ? {} : { status: { podIPs: [{ ip }] } }),
    });
    changes.markPod(`ns/${name}`);
  };
  const setService = (name: string, ip: string, seconds = 0, port = 80) => {
    services.set(`ns/${name}`, {
      metadata: { namespace: 'ns', name, creationTimestamp: new Date(seconds * 1000).toISOString() },
      spec: {
        clusterIP: 'None',
        externalIPs: [ip],
        type: 'NodePort',
        ports: [{ port, protocol: 'TCP', nodePort: 30_000 + port }],
      },
    });
    changes.markService(`ns/${name}`);
  };
  const ports = () => nb.filter('Logical_Switch_Port', () => true).map(({ name }) => name);
  const vipRows = () => nb.filter('Load_Balancer', () => true).flatMap(({ vips }) => [...vips.keys()]);
  const vips = () => [...new Set(vipRows())];
  return {
    ...{ world, nb, pods, services, endpoints, synced, annotations, problems, rung, changes, keeper },
    ...{ setPod, setService, ports, vips, vipRows, said },
  };
}

/** The same with a cluster in the database. */
function startInCluster() {
  const started = start();
  addCluster(started.nb);
  addNode(started.nb, 'gw1', 1);
  addGateway(started.nb, 'gw1', 1, true);
  return started;
}

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

test('many pods take several transactions, and the keeper rings for the next one', async (t) => {
  const { nb, keeper, rung, setPod, ports } = startInCluster();
  const gw1 = nb.find('Logical_Switch', ({ name }) => name === 'gw1')?._uuid;
  if (gw1 === undefined) return t.fail('no switch');
  nb.update('Logical_Switch', gw1, { external_ids: new Map([['gateway_ip', '10.244.1.1/20']]) });
  for (let i = 0; i < 501; i++) setPod(`p${i}`);
  const before = rung.times;
  await keeper.step();
  t.is(ports().length, 500);
  t.true(rung.times > before);
  await keeper.step();
  t.is(ports().length, 501);
  t.is(keeper.transactions, 2);
});

test('a pod is annotated in the step that gives it a port, and not again', async (t) => {
  const { keeper, annotations, setPod } = startInCluster();
  setPod('one');
  await keeper.step();
  t.deepEqual([...annotations], [['ns/one', `uid-one ${ANNOTATED}`]]);
  setPod('one', ANNOTATED);
  await keeper.step();
  t.deepEqual([...annotations], []);
});

test("what a pod's author wrote in the annotation is replaced", async (t) => {
  const { keeper, annotations, setPod } = startInCluster();
  for (const forged of ['garbage', ANNOTATED.replaceAll('.2', '.9')]) {
    setPod('one', forged);
    await keeper.step();
    t.deepEqual([...annotations], [['ns/one', `uid-one ${ANNOTATED}`]], forged);
  }
});

test('a pod of an earlier version is annotated when its port has been completed', async (t) => {
  const { nb, keeper, annotations, setPod } = startInCluster();
  const gw1 = nb.find('Logical_Switch', ({ name }) => name === 'gw1')?._uuid;
  if (gw1 === undefined) return t.fail('no switch');
  const external_ids = new Map([
    ['pod', 'true'],
    ['namespace', 'ns'],
  ]);
  const port = nb.insertPort(gw1, { name: 'ns_one', addresses: ['dynamic'], external_ids });
  setPod('one');
  await keeper.step();
  t.deepEqual([...annotations], []);
  nb.update('Logical_Switch_Port', port, { dynamic_addresses: '0a:58:0a:f4:01:02 10.244.1.2' });
  await keeper.step();
  await keeper.step();
  t.deepEqual([...annotations], [['ns/one', `uid-one ${ANNOTATED}`]]);
});

test('after the loss of the database running pods get their addresses back before new pods get any', async (t) => {
  const { keeper, nb, setPod } = startInCluster();
  for (let i = 0; i < 100; i++) setPod(`new-${i}`);
  for (let i = 0; i < 100; i++) setPod(`old-${i}`, undefined, `10.244.1.${2 + i}`);
  await keeper.step();
  const address = (name: string) => nb.find('Logical_Switch_Port', (row) => row.name === name)?.addresses[0];
  for (let i = 0; i < 100; i++)
    t.regex(address(`ns_old-${i}`) ?? '', new RegExp(` 10\\.244\\.1\\.${2 + i}$`));
  t.regex(address('ns_new-99') ?? '', / 10\.244\.1\.201$/);
});

test('a pod that waits for an address gets the one that another pod leaves', async (t) => {
  const { nb, keeper, pods, changes, problems, setPod, ports } = startInCluster();
  const gw1 = nb.find('Logical_Switch', ({ name }) => name === 'gw1')?._uuid;
  if (gw1 === undefined) return t.fail('no switch');
  nb.update('Logical_Switch', gw1, { external_ids: new Map([['gateway_ip', '10.244.1.1/30']]) });
  setPod('one');
  await keeper.step();
  setPod('two');
  await keeper.step();
  const full = 'Pod ns/two: Logical_Switch gw1 has no free address; it gets the next one that a pod leaves';
  t.deepEqual(problems.current, [full]);
  await keeper.step();
  t.deepEqual(problems.current, [full]);
  pods.delete('ns/one');
  changes.markPod('ns/one');
  await keeper.step();
  await keeper.step();
  t.deepEqual(ports(), ['ns_two']);
  t.deepEqual(problems.current, []);
});

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

test('a service that cannot be read is named until it can; the others are kept', async (t) => {
  const { keeper, problems, setService, vips } = startInCluster();
  setService('good', '198.51.100.1');
  setService('bad', '198.51.100.2', 0, 70_000);
  await keeper.step();
  t.deepEqual(problems.current, ['Service ns/bad: port 70000 is not from 1 to 65535; it is left out']);
  t.deepEqual(vips(), ['198.51.100.1:80']);
  setService('bad', '198.51.100.2');
  await keeper.step();
  t.deepEqual(problems.current, []);
  t.deepEqual(vips().sort(), ['198.51.100.1:80', '198.51.100.2:80']);
});

test('the younger of two services with one address is reported until the older one is deleted', async (t) => {
  const { keeper, problems, services, changes, setService } = startInCluster();
  setService('a', '198.51.100.1', 20);
  setService('z', '198.51.100.1', 10);
  await keeper.step();
  t.deepEqual(problems.current, [
    'Service ns/a: tcp 198.51.100.1:80 belongs to Service ns/z, which is older',
  ]);
  services.delete('ns/z');
  changes.markService('ns/z');
  await keeper.step();
  t.deepEqual(problems.current, []);
});

test('a service that loses thousands of addresses to another has a bounded number of lines', async (t) => {
  const { keeper, problems, services, changes } = startInCluster();
  const externalIPs = Array.from({ length: 1_000 }, (_, i) => `198.51.${100 + (i >> 8)}.${i & 255}`);
  for (const name of ['a', 'b']) {
    services.set(`ns/${name}`, {
      metadata: { namespace: 'ns', name },
      spec: { clusterIPs: externalIPs, ports: [{ port: 80 }] },
    });
    changes.markService(`ns/${name}`);
  }
  await keeper.step();
  t.is(problems.current.length, 21);
  t.is(problems.current.at(-1), 'Service ns/b: 980 more addresses or ports are refused');
  services.delete('ns/a');
  changes.markService('ns/a');
  await keeper.step();
  t.deepEqual(problems.current, []);
});

test('a pod that cannot have a port is named until it is gone', async (t) => {
  const { keeper, problems, pods, changes, setPod } = startInCluster();
  setPod('lost');
  pods.set('ns/lost', {
    metadata: { namespace: 'ns', name: 'lost' },
    spec: { nodeName: 'gw9' },
  });
  await keeper.step();
  t.deepEqual(problems.current, ['Pod ns/lost: node gw9 has no Logical_Switch; run minion-init there']);
  pods.delete('ns/lost');
  changes.markPod('ns/lost');
  await keeper.step();
  t.deepEqual(problems.current, []);
});

test('an external address that becomes the address of a node is deleted and named, and comes back', async (t) => {
  const { world, keeper, problems, setService, vips } = startInCluster();
  setService('web', '203.0.113.80');
  await keeper.step();
  t.deepEqual(vips(), ['203.0.113.80:80']);
  world.claims = [claimOf(parseIp('203.0.113.80'), 'an address of node m')];
  await keeper.step();
  t.deepEqual(vips(), []);
  t.deepEqual(problems.current, [
    'Service ns/web: external address 203.0.113.80 is refused: it is an address of node m',
  ]);
  world.claims = [];
  await keeper.step();
  t.deepEqual(vips(), ['203.0.113.80:80']);
  t.deepEqual(problems.current, []);
});

for (const [ip, reason] of [
  ['10.244.1.77', 'it is in 10.244.1.0/24, the subnet of node gw1'],
  ['100.64.1.9', "it is in switch join's 100.64.1.0/24"],
  ['203.0.113.9', 'it is an address of gateway gw9'],
] as const)
  test(`a service does not get ${ip}: ${reason}`, async (t) => {
    const { nb, keeper, problems, setService, vips } = startInCluster();
    nb.insert('Logical_Router_Port', { name: 'rtos-gw1', networks: ['10.244.1.1/24'] });
    nb.insert('Logical_Router', {
      name: 'GR_gw9',
      external_ids: new Map([['physical_ip', '203.0.113.9/24']]),
    });
    setService('web', ip);
    await keeper.step();
    t.deepEqual(vips(), []);
    t.deepEqual(problems.current, [`Service ns/web: external address ${ip} is refused: ${reason}`]);
  });

test('until nodes are known, external addresses stay as the database has them, and new ones wait', async (t) => {
  const { world, keeper, changes, problems, setService, vips } = startInCluster();
  setService('old', '203.0.113.80');
  await keeper.step();
  world.claims = undefined;
  setService('new', '203.0.113.81');
  keeper.audit();
  await keeper.step();
  t.deepEqual(vips(), ['203.0.113.80:80']);
  t.regex(problems.current.join(), /ns\/new: external address 203\.0\.113\.81 is refused: .* not known yet/);
  world.claims = [];
  changes.ring();
  await keeper.step();
  t.deepEqual(vips().toSorted(), ['203.0.113.80:80', '203.0.113.81:80']);
  t.deepEqual(problems.current, []);
});

test('until nodes are known, no service gets the cluster address or the node address of another one', async (t) => {
  const { nb, world, keeper, services, setService } = startInCluster();
  nb.insert('Logical_Router_Port', { name: 'rtos-gw1', networks: ['10.244.1.1/24'] });
  services.set('ns/web', {
    metadata: { namespace: 'ns', name: 'web', creationTimestamp: new Date(2_000).toISOString() },
    spec: {
      ...{ clusterIP: '10.96.0.1', externalTrafficPolicy: 'Local', type: 'NodePort' },
      ports: [{ port: 80, nodePort: 30_080 }],
    },
  });
  const gw1 = nb.find('Logical_Switch', ({ name }) => name === 'gw1');
  if (gw1 === undefined) return t.fail('no switch');
  nb.update('Logical_Switch', gw1._uuid, {
    external_ids: new Map([...gw1.external_ids, ['k8s-host-addresses', '203.0.113.1']]),
  });
  const owners = () =>
    nb.filter('Load_Balancer', () => true).map(({ external_ids }) => external_ids.get('k8s-service'));
  await keeper.step();
  world.claims = undefined;
  setService('thief', '10.96.0.1', 1);
  setService('other', '10.244.1.1', 1, 30_080);
  for (const name of ['thief', 'other'])
    services.set(`ns/${name}`, {
      ...services.get(`ns/${name}`),
      spec: { ...services.get(`ns/${name}`)?.spec, type: 'ClusterIP' },
    });
  keeper.audit();
  await keeper.step();
  t.deepEqual([...new Set(owners())], ['ns/web']);
});

test('an external address that another service gets as its cluster address is taken from the first service', async (t) => {
  const { services, changes, keeper, problems, setService, vips } = startInCluster();
  setService('web', '10.96.0.7');
  await keeper.step();
  t.deepEqual(vips(), ['10.96.0.7:80']);
  services.set('ns/other', {
    metadata: { namespace: 'ns', name: 'other' },
    spec: { clusterIP: '10.96.0.7', ports: [{ port: 99, protocol: 'TCP' }] },
  });
  changes.markService('ns/other');
  await keeper.step();
  t.deepEqual(vips(), ['10.96.0.7:99']);
  t.deepEqual(problems.current, [
    'Service ns/web: external address 10.96.0.7 is refused: it is the cluster address of Service ns/other',
  ]);
  services.delete('ns/other');
  changes.markService('ns/other');
  await keeper.step();
  t.deepEqual(vips(), ['10.96.0.7:80']);
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

test('what a service does not get is said in Events too, and no longer once it does', async (t) => {
  const { keeper, said, setService, services, changes } = startInCluster();
  setService('bad', '127.0.0.1');
  await keeper.step();
  t.deepEqual(said.get('ns/bad service ns/bad'), [
    'external address 127.0.0.1 is refused: it is loopback (127.0.0.0/8)',
  ]);
  services.delete('ns/bad');
  changes.markService('ns/bad');
  await keeper.step();
  t.deepEqual(said.get('ns/bad service ns/bad'), []);
});
