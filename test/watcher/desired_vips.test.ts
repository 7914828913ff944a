import test from 'ava';
import type { Service } from '../../src/kube/kinds.js';
import type { Refuse } from '../../src/watcher/desired_vips.js';
import { ENDPOINTS, endpoint, HTTP, lines, servedOf, service } from './service_sample.js';

function vipsOf(one: Service, endpoints = ENDPOINTS) {
  return servedOf(one, endpoints).vips;
}

const BOTH = '10.244.1.5:8080,10.244.2.5:8080';

test('a ClusterIP is in the cluster, with the ready endpoints of its port, protocol and family', (t) => {
  t.deepEqual(lines(service({})), [`cluster 10.96.0.5:80 ${BOTH}`]);
  t.deepEqual(lines(service({ clusterIPs: ['10.96.0.5', 'fd00:10:96::5'] })), [
    `cluster 10.96.0.5:80 ${BOTH}`,
    'cluster [fd00:10:96::5]:80 [fd00:10:244:1::5]:8080',
  ]);
});

test('endpoints that are not ready count if the service publishes them', (t) => {
  t.deepEqual(lines(service({ publishNotReadyAddresses: true })), [
    `cluster 10.96.0.5:80 ${BOTH},10.244.2.6:8080`,
  ]);
});

test('a node port is on every gateway, and in the cluster with its address', (t) => {
  for (const type of ['NodePort', 'LoadBalancer']) {
    t.deepEqual(lines(service({ type })), [
      `cluster 10.96.0.5:80 ${BOTH}`,
      `cluster 203.0.113.10:30080 ${BOTH}`,
      `cluster 203.0.113.20:30080 ${BOTH}`,
      `gw1 203.0.113.10:30080 ${BOTH}`,
      `gw2 203.0.113.20:30080 ${BOTH}`,
    ]);
  }
});

test("a node port has only the families of the service's cluster addresses", (t) => {
  const both = service({ type: 'NodePort', clusterIPs: ['10.96.0.5', 'fd00:10:96::5'] });
  t.deepEqual(
    lines(both).filter((line) => line.includes('[2001:')),
    [
      'cluster [2001:db8::10]:30080 [fd00:10:244:1::5]:8080',
      'gw1 [2001:db8::10]:30080 [fd00:10:244:1::5]:8080',
    ],
  );
});

test('the node port in the spec of a ClusterIP service is ignored', (t) => {
  t.deepEqual(lines(service({ type: 'ClusterIP' })), [`cluster 10.96.0.5:80 ${BOTH}`]);
});

test('the first gateway has external and ingress addresses, each once, and so have pods and hosts', (t) => {
  const ingress = { loadBalancer: { ingress: [{ ip: '198.51.100.7' }, { hostname: 'lb.example' }] } };
  const spec = { externalIPs: ['198.51.100.7', '198.51.100.8'], ports: [{ port: 80, name: 'http' }] };
  t.deepEqual(lines(service({ ...spec, type: 'LoadBalancer' }, ingress)), [
    `cluster 10.96.0.5:80 ${BOTH}`,
    `cluster 198.51.100.7:80 ${BOTH}`,
    `cluster 198.51.100.8:80 ${BOTH}`,
    `gw1 198.51.100.7:80 ${BOTH}`,
    `gw1 198.51.100.8:80 ${BOTH}`,
  ]);
  t.deepEqual(lines(service(spec, ingress)), [
    `cluster 10.96.0.5:80 ${BOTH}`,
    `cluster 198.51.100.7:80 ${BOTH}`,
    `cluster 198.51.100.8:80 ${BOTH}`,
    `gw1 198.51.100.7:80 ${BOTH}`,
    `gw1 198.51.100.8:80 ${BOTH}`,
  ]);
});

test('without gateways a service has its cluster address only; without endpoints it has no targets', (t) => {
  t.deepEqual(
    lines(service({ type: 'NodePort', externalIPs: ['198.51.100.7'] }), ENDPOINTS, { gateways: [] }),
    [`cluster 10.96.0.5:80 ${BOTH}`],
  );
  t.deepEqual(lines(service({}), []), ['cluster 10.96.0.5:80 ']);
});

test('headless and ExternalName services have no address', (t) => {
  t.deepEqual(lines(service({ clusterIP: 'None', clusterIPs: ['None'] })), []);
  t.deepEqual(lines(service({ type: 'ExternalName' })), []);
});

test('with externalTrafficPolicy Local each gateway has its own endpoints', (t) => {
  const local = service({ type: 'NodePort', externalTrafficPolicy: 'Local' });
  t.deepEqual(lines(local), [
    `cluster 10.96.0.5:80 ${BOTH}`,
    `cluster 203.0.113.10:30080 ${BOTH}`,
    `cluster 203.0.113.20:30080 ${BOTH}`,
    'gw1 203.0.113.10:30080 10.244.1.5:8080',
    'gw2 203.0.113.20:30080 10.244.2.5:8080',
  ]);
});

test('a port without name or protocol has the endpoints without name, and TCP', (t) => {
  t.deepEqual(lines(service({ ports: [{ port: 80 }] }), [endpoint('10.244.1.5', { portName: '' })]), [
    'cluster 10.96.0.5:80 10.244.1.5:8080',
  ]);
});

test('each protocol has a load balancer of its own', (t) => {
  const protocols = ['TCP', 'UDP', 'SCTP'].map((protocol) => ({ port: 80, name: protocol, protocol }));
  const vips = vipsOf(service({ ports: protocols }), []);
  t.deepEqual(
    vips.map(({ balancer }) => balancer.protocol),
    ['tcp', 'udp', 'sctp'],
  );
});

for (const [what, spec] of [
  ['port 0', { ports: [{ port: 0 }] }],
  ['port 70000', { ports: [{ port: 70_000 }] }],
  ['port 1.5', { ports: [{ port: 1.5 }] }],
  ['protocol ICMP', { ports: [{ port: 80, protocol: 'ICMP' }] }],
] as const)
  test(`${what} is refused; the message names it`, (t) => {
    const ports = spec.ports.map((port) => ({ ...port }));
    t.throws(() => vipsOf(service({ ports }), []), { message: new RegExp(what) });
  });

test('an invalid endpoint is refused; the message names it', (t) => {
  for (const [bad, message] of [
    [endpoint('10.244.1.5', { port: 99_999 }), /port 99999/],
    [endpoint('web.example'), /web\.example/],
  ] as const)
    t.throws(() => vipsOf(service({}), [bad]), { message });
});

test('an endpoint in two slices counts once', (t) => {
  const twice = [endpoint('10.244.1.5', { node: 'gw1' }), endpoint('10.244.1.5')];
  t.deepEqual(lines(service({}), twice), ['cluster 10.96.0.5:80 10.244.1.5:8080']);
});

test('an invalid address is refused; the message names it', (t) => {
  t.throws(() => vipsOf(service({ externalIPs: ['example.com'] }), []), {
    message: /example\.com/,
  });
});

test("an external address that is a gateway's own is on that gateway, whichever is first, and not in the cluster", (t) => {
  const one = service({
    externalIPs: ['203.0.113.20', '203.0.113.80'],
    ports: [{ port: 8081, name: 'http' }],
  });
  t.deepEqual(lines(one), [
    `cluster 10.96.0.5:8081 ${BOTH}`,
    `cluster 203.0.113.80:8081 ${BOTH}`,
    `gw1 203.0.113.80:8081 ${BOTH}`,
    `gw2 203.0.113.20:8081 ${BOTH}`,
  ]);
});

test('port 22 of a gateway is never served, as an external address or as a node port', (t) => {
  const ports = [{ ...HTTP, port: 22, nodePort: 22 }];
  const one = service({ type: 'NodePort', externalIPs: ['203.0.113.10', '203.0.113.80'], ports });
  const { vips, refused } = servedOf(one);
  t.deepEqual(
    vips.map(({ vip }) => vip),
    ['10.96.0.5:22', '203.0.113.80:22', '203.0.113.80:22'],
  );
  t.deepEqual(refused, [
    "external address 203.0.113.10 port tcp 22 is refused: port 22 is always the host's, for ssh",
    "node port tcp 22 is refused: port 22 is always the host's, for ssh",
  ]);
});

test('an external or ingress address that is refused has no virtual address, and is named once', (t) => {
  const ingress = { loadBalancer: { ingress: [{ ip: '203.0.113.1' }, { ip: '203.0.113.81' }] } };
  const ports = [HTTP, { ...HTTP, name: 'https', port: 443, nodePort: 30_443 }];
  const one = service({ type: 'LoadBalancer', externalIPs: ['127.0.0.1'], ports }, ingress);
  const refuse: Refuse = (ip) => (ip === '203.0.113.81' ? undefined : 'it is taken');
  const { vips, refused } = servedOf(one, ENDPOINTS, {}, refuse);
  t.deepEqual(refused, [
    'external address 127.0.0.1 is refused: it is taken',
    'external address 203.0.113.1 is refused: it is taken',
  ]);
  t.deepEqual(
    vips.map(({ vip }) => vip).filter((vip) => /127|113\.1:|113\.81/.test(vip)),
    ['203.0.113.81:80', '203.0.113.81:80', '203.0.113.81:443', '203.0.113.81:443'],
  );
});

test('a service whose addresses have too many destinations together is refused', (t) => {
  const externalIPs = Array.from({ length: 5_000 }, (_, i) => `10.9.${i >> 8}.${i & 255}`);
  const endpoints = Array.from({ length: 200 }, (_, i) => endpoint(`10.244.1.${i}`));
  t.throws(() => vipsOf(service({ externalIPs }), endpoints), {
    code: 'ERR_SERVICE',
    message:
      '2000200 destinations of all its addresses together are more than 500000; make several services of it',
  });
  t.is(vipsOf(service({ externalIPs }), endpoints.slice(0, 2)).length, 10_001);
});
