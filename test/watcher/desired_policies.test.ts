import test from 'ava';
import type { Service } from '../../src/kube/kinds.js';
import { parseIp } from '../../src/net/ip.js';
import type { ServiceNode } from '../../src/watcher/state_hosts.js';
import {
  AROUND,
  ENDPOINTS,
  endpoint,
  HTTP,
  lines,
  optionLines,
  servedOf,
  service,
} from './service_sample.js';

/** What services have beyond the plain case: policies, hints, options of rows, hosts. */
function node(name: string, n: number, hasDaemon = true): ServiceNode {
  return { node: name, routers: [parseIp(`10.244.${n}.1`), parseIp(`fd00:10:244:${n}::1`)], hasDaemon };
}

const NODES = [node('gw1', 1), node('gw2', 2), node('n3', 3)];
const BOTH = '10.244.1.5:8080,10.244.2.5:8080';
const DUAL = { clusterIPs: ['10.96.0.5', 'fd00:10:96::5'] };

function optionsOf(one: Service, endpoints = ENDPOINTS, nodes = NODES): string[] {
  return optionLines(servedOf(one, endpoints, { nodes }).vips);
}

test('internalTrafficPolicy Local gives each node its own endpoints; a node without one drops', (t) => {
  const local = service({ ...DUAL, internalTrafficPolicy: 'Local' });
  t.deepEqual(optionsOf(local), [
    'node gw1 10.96.0.5:80 10.244.1.5:8080 reject',
    'node gw1 [fd00:10:96::5]:80 [fd00:10:244:1::5]:8080 reject',
    'node gw2 10.96.0.5:80 10.244.2.5:8080 reject',
    'node gw2 [fd00:10:96::5]:80 -',
    'node n3 10.96.0.5:80 -',
    'node n3 [fd00:10:96::5]:80 -',
  ]);
});

test('internalTrafficPolicy Local without any endpoint refuses on every node', (t) => {
  const local = service({ internalTrafficPolicy: 'Local' });
  t.deepEqual(optionsOf(local, []), [
    'node gw1 10.96.0.5:80 - reject',
    'node gw2 10.96.0.5:80 - reject',
    'node n3 10.96.0.5:80 - reject',
  ]);
});

test('internalTrafficPolicy Local concerns neither node ports nor external addresses', (t) => {
  const local = service({ type: 'NodePort', internalTrafficPolicy: 'Local', externalIPs: ['198.51.100.7'] });
  t.deepEqual(
    lines(local, ENDPOINTS, { nodes: NODES }).filter((line) => !line.startsWith('node ')),
    [
      `cluster 198.51.100.7:80 ${BOTH}`,
      `cluster 203.0.113.10:30080 ${BOTH}`,
      `cluster 203.0.113.20:30080 ${BOTH}`,
      `gw1 198.51.100.7:80 ${BOTH}`,
      `gw1 203.0.113.10:30080 ${BOTH}`,
      `gw2 203.0.113.20:30080 ${BOTH}`,
    ],
  );
});

const HINTED = [
  endpoint('10.244.1.5', { node: 'gw1', forZones: ['a'] }),
  endpoint('10.244.2.5', { node: 'gw2', forZones: ['b'] }),
];
const ZONES = new Map([
  ['gw1', 'a'],
  ['gw2', 'b'],
]);

test('hints for zones give each node the endpoints of its zone, at the cluster address and at gateways', (t) => {
  const one = service({ type: 'NodePort', ports: [HTTP] });
  t.deepEqual(lines(one, HINTED, { nodes: NODES, zones: ZONES }), [
    `cluster 203.0.113.10:30080 ${BOTH}`,
    `cluster 203.0.113.20:30080 ${BOTH}`,
    'gw1 203.0.113.10:30080 10.244.1.5:8080',
    'gw2 203.0.113.20:30080 10.244.2.5:8080',
    'node gw1 10.96.0.5:80 10.244.1.5:8080',
    'node gw2 10.96.0.5:80 10.244.2.5:8080',
    `node n3 10.96.0.5:80 ${BOTH}`,
  ]);
});

test('a hint that one endpoint lacks leaves the service in the cluster', (t) => {
  const endpoints = [...HINTED, endpoint('10.244.3.5')];
  t.deepEqual(lines(service({}), endpoints, { nodes: NODES, zones: ZONES }), [
    `cluster 10.96.0.5:80 ${BOTH},10.244.3.5:8080`,
  ]);
});

test('hints that lead every node to all endpoints leave the service in the cluster', (t) => {
  const endpoints = [
    endpoint('10.244.1.5', { forZones: ['a'] }),
    endpoint('10.244.2.5', { forZones: ['a', 'b'] }),
  ];
  const at = (zones: ReadonlyMap<string, string>) => lines(service({}), endpoints, { nodes: NODES, zones });
  t.deepEqual(at(new Map(NODES.map(({ node }) => [node, 'a']))), [`cluster 10.96.0.5:80 ${BOTH}`]);
  t.deepEqual(at(new Map()), [`cluster 10.96.0.5:80 ${BOTH}`]);
  t.is(at(new Map([['n3', 'b']])).length, 3);
});

test('hints that would make too many destinations are not used, and that is said', (t) => {
  const nodes = Array.from({ length: 600 }, (_, i) => node(`n${i}`, i % 250));
  const many = Array.from({ length: 1_000 }, (_, i) =>
    endpoint(`10.244.${i >> 8}.${i & 255}`, { forZones: [i === 0 ? 'b' : 'a'] }),
  );
  const zones = new Map(nodes.map((one) => [one.node, 'a']));
  const { vips, refused } = servedOf(service({}), many, { nodes, zones });
  t.is(vips.length, 1);
  t.is(vips[0]?.balancer.scope, 'cluster');
  t.deepEqual(refused, ['the hints of its endpoints are not used: nodes would have too many destinations']);
});

test('without endpoints a service is refused, at each of its addresses', (t) => {
  const one = service({ type: 'NodePort', externalIPs: ['198.51.100.7'] });
  t.deepEqual(optionsOf(one, []), [
    'cluster 10.96.0.5:80 - reject',
    'cluster 198.51.100.7:80 - reject',
    'cluster 203.0.113.10:30080 - reject',
    'cluster 203.0.113.20:30080 - reject',
    'gw1 198.51.100.7:80 - skip_snat reject',
    'gw1 203.0.113.10:30080 - skip_snat reject',
    'gw2 203.0.113.20:30080 - skip_snat reject',
  ]);
});

test('a port with endpoints and one without are in one row in the cluster, and in two at gateways', (t) => {
  const ports = [HTTP, { name: 'empty', port: 81, nodePort: 30_081, protocol: 'TCP' }];
  t.deepEqual(
    optionsOf(service({ type: 'NodePort', ports }), ENDPOINTS).filter((line) => /^gw1|10\.96/.test(line)),
    [
      `cluster 10.96.0.5:80 ${BOTH} reject`,
      'cluster 10.96.0.5:81 - reject',
      `gw1 203.0.113.10:30080 ${BOTH} reject`,
      'gw1 203.0.113.10:30081 - skip_snat reject',
    ],
  );
});

test('UDP leaves an endpoint that is removed, with affinity and without', (t) => {
  const ports = [{ name: 'http', port: 53, protocol: 'UDP' }];
  const udp = [endpoint('10.244.1.5', { protocol: 'UDP' })];
  t.deepEqual(optionsOf(service({ ports }), udp), ['cluster 10.96.0.5:53 10.244.1.5:8080 ct_flush reject']);
  t.deepEqual(optionsOf(service({ ports, sessionAffinity: 'ClientIP' }), udp), [
    'cluster 10.96.0.5:53 10.244.1.5:8080 ct_flush reject ip_src',
  ]);
});

test('affinity chooses by a hash of the client, in every scope: a row a family', (t) => {
  const sticky = service({ ...DUAL, type: 'NodePort', sessionAffinity: 'ClientIP' });
  const all = (hashesIpv6: boolean) =>
    optionLines(servedOf(sticky, ENDPOINTS, { hashesIpv6 }).vips).filter((line) => /^gw1|96/.test(line));
  const six = '[fd00:10:244:1::5]:8080 reject';
  t.deepEqual(all(true), [
    `cluster 10.96.0.5:80 ${BOTH} reject ip_src`,
    `cluster [fd00:10:96::5]:80 ${six} ipv6_src`,
    `gw1 203.0.113.10:30080 ${BOTH} reject ip_src`,
    `gw1 [2001:db8::10]:30080 ${six} ipv6_src`,
  ]);
  // Before OVN 25.03.
  t.deepEqual(
    all(false).filter((line) => line.includes('[')),
    [`cluster [fd00:10:96::5]:80 ${six} eth_src`, `gw1 [2001:db8::10]:30080 ${six} eth_src`],
  );
  t.deepEqual(optionsOf(service({ sessionAffinity: 'None' })), [`cluster 10.96.0.5:80 ${BOTH} reject`]);
});

test('a timeout of affinity that is not the default is not kept, which is said', (t) => {
  const refused = (sessionAffinity: string, timeoutSeconds?: number) => {
    const clientIP = { clientIP: { ...(timeoutSeconds !== undefined && { timeoutSeconds }) } };
    return servedOf(service({ sessionAffinity, sessionAffinityConfig: clientIP })).refused;
  };
  t.deepEqual(refused('ClientIP', 60), [
    'sessionAffinity does not end after 60 s: a client keeps its endpoint until the endpoints change',
  ]);
  t.deepEqual([...refused('ClientIP', 10_800), ...refused('ClientIP'), ...refused('None', 60)], []);
});

test('externalTrafficPolicy Local: a gateway without an endpoint of its own drops, and refuses if there is none at all', (t) => {
  const local = service({ type: 'NodePort', externalTrafficPolicy: 'Local', externalIPs: ['198.51.100.7'] });
  const atGateways = (endpoints = ENDPOINTS) =>
    optionsOf(local, endpoints).filter((line) => line.startsWith('gw'));
  t.deepEqual(atGateways([endpoint('10.244.2.5', { node: 'gw2' })]), [
    'gw1 198.51.100.7:80 -',
    'gw1 203.0.113.10:30080 -',
    'gw2 203.0.113.20:30080 10.244.2.5:8080 reject',
  ]);
  t.deepEqual(atGateways([]), [
    'gw1 198.51.100.7:80 - skip_snat reject',
    'gw1 203.0.113.10:30080 - skip_snat reject',
    'gw2 203.0.113.20:30080 - skip_snat reject',
  ]);
});

test('a gateway of an earlier version keeps the address of clients of policy Local', (t) => {
  const gateways = AROUND.gateways.map((one) => ({ ...one, forcesSnat: one.node === 'gw1' }));
  const atGateways = (externalTrafficPolicy: string, endpoints = ENDPOINTS) =>
    optionLines(
      servedOf(service({ type: 'NodePort', externalTrafficPolicy }), endpoints, { gateways }).vips,
    ).filter((line) => line.startsWith('gw') && !line.includes('2001'));
  t.deepEqual(atGateways('Local'), [
    'gw1 203.0.113.10:30080 10.244.1.5:8080 skip_snat reject',
    'gw2 203.0.113.20:30080 10.244.2.5:8080 reject',
  ]);
  t.deepEqual(atGateways('Cluster'), [
    `gw1 203.0.113.10:30080 ${BOTH} reject`,
    `gw2 203.0.113.20:30080 ${BOTH} reject`,
  ]);
  t.deepEqual(atGateways('Cluster', []), [
    'gw1 203.0.113.10:30080 - skip_snat reject',
    'gw2 203.0.113.20:30080 - skip_snat reject',
  ]);
});

test('externalTrafficPolicy Local: pods and hosts reach all endpoints, at node ports and external addresses', (t) => {
  const local = service({ type: 'NodePort', externalTrafficPolicy: 'Local', externalIPs: ['198.51.100.7'] });
  t.deepEqual(
    lines(local).filter((line) => line.startsWith('cluster')),
    [
      `cluster 10.96.0.5:80 ${BOTH}`,
      `cluster 198.51.100.7:80 ${BOTH}`,
      `cluster 203.0.113.10:30080 ${BOTH}`,
      `cluster 203.0.113.20:30080 ${BOTH}`,
    ],
  );
});

test("externalTrafficPolicy Local: a node that runs ovn-k8s-node has its endpoints at its router's address", (t) => {
  const local = service({ ...DUAL, type: 'NodePort', externalTrafficPolicy: 'Local' });
  const nodes = [node('gw1', 1), node('n3', 3), node('old', 4, false)];
  const atNodes = (endpoints = ENDPOINTS) =>
    optionsOf(local, endpoints, nodes).filter((line) => line.startsWith('node'));
  t.deepEqual(atNodes(), [
    'node gw1 10.244.1.1:30080 10.244.1.5:8080 reject',
    'node gw1 [fd00:10:244:1::1]:30080 [fd00:10:244:1::5]:8080 reject',
    'node n3 10.244.3.1:30080 -',
    'node n3 [fd00:10:244:3::1]:30080 -',
  ]);
  t.is(atNodes([]).filter((line) => line.endsWith('- reject')).length, 4);
  t.deepEqual(
    optionsOf(service({ type: 'NodePort' }), ENDPOINTS, nodes).filter((line) => line.startsWith('node')),
    [],
  );
});

test('externalTrafficPolicy Local: endpoints on nodes with no gateway do not see the client, which is said', (t) => {
  const local = service({ ...DUAL, type: 'NodePort', externalTrafficPolicy: 'Local' });
  const nodes = [node('gw1', 1), node('n3', 3), node('n4', 4), node('old', 5, false)];
  const on = (...names: readonly string[]) =>
    names.map((name, i) => endpoint(`10.244.9.${i + 5}`, { node: name }));
  const refused = (of: Service, ...names: readonly string[]) => servedOf(of, on(...names), { nodes }).refused;
  t.deepEqual(refused(local, 'gw1', 'old'), []);
  t.deepEqual(refused(service({ type: 'NodePort' }), 'n3'), []);
  t.deepEqual(refused(local, 'gw1', 'n3'), [
    "with externalTrafficPolicy Local, endpoints on nodes without a gateway (n3) see the node's address instead of the client's",
  ]);
  t.regex(refused(local, 'n3', 'n4').join(), /without a gateway \(n3 and 1 more\)/);
});

const HOSTS = new Map([['203.0.113.20', { node: 'gw2', management: parseIp('10.244.2.2') }]]);

test("an endpoint that is a host has the host's management address everywhere, and counts for its node", (t) => {
  const local = service({ type: 'NodePort', externalTrafficPolicy: 'Local' });
  t.deepEqual(
    lines(local, [endpoint('203.0.113.20', { port: 9090 })], { hosts: HOSTS }).filter(
      (line) => !line.includes('203.0.113.20'),
    ),
    [
      'cluster 10.96.0.5:80 10.244.2.2:9090',
      'cluster 203.0.113.10:30080 10.244.2.2:9090',
      'gw1 203.0.113.10:30080 ',
    ],
  );
  t.true(
    lines(local, [endpoint('203.0.113.20', { port: 9090 })], { hosts: HOSTS }).includes(
      'gw2 203.0.113.20:30080 10.244.2.2:9090',
    ),
  );
});

test('loadBalancerSourceRanges: a gateway with a NIC of its own does not serve the service, which is said', (t) => {
  const restricted = service({ type: 'LoadBalancer', loadBalancerSourceRanges: ['198.51.100.0/24'] });
  const gateways = AROUND.gateways.map((one) => ({ ...one, isShared: one.node === 'gw2' }));
  t.deepEqual(
    lines(restricted, ENDPOINTS, { gateways }).filter((line) => line.startsWith('gw')),
    [`gw2 203.0.113.20:30080 ${BOTH}`],
  );
  t.deepEqual(servedOf(restricted, ENDPOINTS, { gateways }).refused, [
    'gateway gw1 does not serve it: a gateway with a NIC of its own cannot enforce loadBalancerSourceRanges',
  ]);
  t.deepEqual(servedOf(restricted).refused, []);
});

test('a source range that cannot be read is refused with the service: it is never open to all', (t) => {
  const restricted = service({ type: 'LoadBalancer', loadBalancerSourceRanges: ['198.51.100.0/33'] });
  t.throws(() => servedOf(restricted), { message: /198\.51\.100\.0\/33/ });
});

test('an external address is on each gateway whose helper serves it; without a helper on the first one', (t) => {
  const one = service({ externalIPs: ['198.51.100.7'] });
  const at = (...served: readonly (ReadonlySet<string> | undefined)[]) =>
    lines(one, ENDPOINTS, {
      gateways: AROUND.gateways.map((gateway, i) => ({ ...gateway, served: served[i] })),
    })
      .filter((line) => line.includes('198.51'))
      .map((line) => line.split(' ')[0]);
  t.deepEqual(at(undefined, undefined), ['cluster', 'gw1']);
  const served = new Set(['198.51.100.7']);
  t.deepEqual(at(served, served), ['cluster', 'gw1', 'gw2']);
  t.deepEqual(at(new Set(), served), ['cluster', 'gw2']);
  t.deepEqual(at(new Set(), new Set()), []);
});

test('an ingress address with ipMode Proxy has no virtual address', (t) => {
  const status = { loadBalancer: { ingress: [{ ip: '198.51.100.7', ipMode: 'Proxy' }] } };
  t.deepEqual(
    lines(service({ type: 'LoadBalancer' }, status)).filter((line) => line.includes('198.51')),
    [],
  );
});

test('a Local service with too many node ports for all nodes has them at gateways only, which is said', (t) => {
  const ports = Array.from({ length: 1_000 }, (_, i) => ({
    ...{ name: `p${i}`, port: i + 1, nodePort: 30_000 + i, protocol: 'TCP' },
  }));
  const local = service({ type: 'NodePort', externalTrafficPolicy: 'Local', ports });
  const nodes = Array.from({ length: 200 }, (_, i) => node(`n${i}`, i));
  const { vips, refused } = servedOf(local, [], { nodes });
  t.deepEqual(
    [...new Set(vips.map(({ balancer: { scope } }) => JSON.stringify(scope)))],
    ['"cluster"', '{"gateway":"gw1"}', '{"gateway":"gw2"}'],
  );
  t.deepEqual(refused, [
    'nodes without a gateway do not serve its node ports from outside: they would have too many virtual addresses',
  ]);
  t.deepEqual(servedOf(local, [], { nodes: nodes.slice(0, 40) }).refused, []);
});

test('a service whose ports and nodes make too many virtual addresses is refused before they are made', (t) => {
  const ports = Array.from({ length: 1_000 }, (_, i) => ({ name: `p${i}`, port: i + 1 }));
  const nodes = Array.from({ length: 200 }, (_, i) => node(`n${i}`, i));
  t.throws(() => optionsOf(service({ ports, internalTrafficPolicy: 'Local' }), [], nodes), {
    code: 'ERR_SERVICE',
    message: 'it needs more than 100000 virtual addresses; make several services of it',
  });
});
