import test from 'ava';
import { serviceClaims } from '../../src/node/state_service_claims.js';
import { service } from './objects.js';

function elements(spec: Parameters<typeof service>[0]): string[] {
  return serviceClaims(service(spec)).flatMap((claim) =>
    claim.elements.map(({ set, key, value }) => `${set} ${key} -> ${value}`.replace(/ -> $/, '')),
  );
}

test('an external address leads to the cluster address of its family', (t) => {
  t.deepEqual(elements({ externalIPs: ['203.0.113.80', '2001:db8::80'] }), [
    'external4 203.0.113.80 tcp 80 -> 10.96.0.7 80',
    'external6 2001:db8::80 tcp 80 -> fd00:10:96::7 80',
  ]);
  t.deepEqual(elements({ clusterIPs: ['10.96.0.7'], externalIPs: ['2001:db8::80'] }), []);
});

test('a node port leads to the cluster addresses, with each protocol', (t) => {
  const ports = ['TCP', 'UDP', 'SCTP'].map((protocol) => ({ protocol, port: 80, nodePort: 30_080 }));
  t.deepEqual(elements({ type: 'NodePort', clusterIPs: ['10.96.0.7'], ports }), [
    'node_port4 tcp 30080 -> 10.96.0.7 80',
    'node_port4 udp 30080 -> 10.96.0.7 80',
    'node_port4 sctp 30080 -> 10.96.0.7 80',
  ]);
});

test("a Local service's external address and node port lead clients outside to the node's router", (t) => {
  const found = elements({
    ...{ type: 'LoadBalancer', externalTrafficPolicy: 'Local', clusterIPs: ['10.96.0.7'] },
    ...{ ports: [{ port: 80, nodePort: 30_080 }], ingress: ['203.0.113.80'] },
  });
  t.deepEqual(found, [
    'external4 203.0.113.80 tcp 80 -> 10.96.0.7 80',
    'external_local4 203.0.113.80 tcp 80 -> 30080',
    'node_port4 tcp 30080 -> 10.96.0.7 80',
    'node_port_local4 tcp 30080',
  ]);
});

test('source ranges restrict the clients of their family; of the other family nobody is allowed', (t) => {
  const spec = {
    ...{ type: 'LoadBalancer', ports: [{ port: 80, nodePort: 30_080 }] },
    loadBalancerSourceRanges: ['10.0.0.0/8', '10.1.0.0/16', '192.0.2.7/32'],
  };
  t.deepEqual(
    elements(spec).filter((one) => !one.startsWith('node_port')),
    [
      'restricted_port4 tcp 30080',
      'allowed_port4 10.0.0.0/8 tcp 30080',
      'allowed_port4 192.0.2.7 tcp 30080',
      'restricted_port6 tcp 30080',
    ],
  );
});

test('a range of everything restricts nothing', (t) => {
  const spec = {
    ...{ type: 'LoadBalancer', clusterIPs: ['10.96.0.7'], ports: [{ port: 80, nodePort: 30_080 }] },
    loadBalancerSourceRanges: ['0.0.0.0/0'],
  };
  t.deepEqual(elements(spec), ['node_port4 tcp 30080 -> 10.96.0.7 80']);
});

test('the ports of tunnels and of DHCP clients are refused as node ports, whatever their range is', (t) => {
  const ports = [
    { protocol: 'UDP', port: 80, nodePort: 6081 },
    { protocol: 'UDP', port: 81, nodePort: 68 },
    { protocol: 'TCP', port: 82, nodePort: 6081 },
  ];
  t.deepEqual(
    serviceClaims(service({ type: 'NodePort', ports })).map(({ refused }) => refused),
    ['it is the port of tunnels', 'it is the port of DHCP', undefined],
  );
});

test("ssh's port is refused as a node port, and allowed at an external address", (t) => {
  const [external, nodePort] = serviceClaims(
    service({
      ...{ type: 'NodePort', clusterIPs: ['10.96.0.7'], externalIPs: ['203.0.113.80'] },
      ports: [{ port: 22, nodePort: 22 }],
    }),
  );
  t.is(external?.refused, undefined);
  t.regex(nodePort?.refused ?? '', /for ssh/);
});
