import test from 'ava';
import { claimOf } from '../../src/net/claims.js';
import { parseIp } from '../../src/net/ip.js';
import { startInCluster } from './keeper_world.js';

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
