import type { V1Service } from '@kubernetes/client-node';
import test from 'ava';
import { demuxFlows } from '../../src/demux/table.js';
import { readServices, recoverClaims } from '../../src/gateway/services.js';
import { parseIp } from '../../src/net/ip.js';
import { GATEWAY } from '../demux/sample.js';

type Spec = NonNullable<V1Service['spec']>;

function service(
  name: string,
  spec: Spec,
  more: { born?: string; ingress?: readonly string[] } = {},
): V1Service {
  const { born = '2026-01-01T00:00:00Z', ingress = [] } = more;
  return {
    metadata: { name, namespace: 'default', creationTimestamp: new Date(born) },
    spec,
    status: { loadBalancer: { ingress: ingress.map((ip) => ({ ip })) } },
  };
}

const HTTP = { port: 80, nodePort: 30_080, protocol: 'TCP' };

test('node ports are those of NodePort and LoadBalancer services, of each protocol', (t) => {
  const ports = [
    HTTP,
    { port: 53, nodePort: 30_053, protocol: 'UDP' },
    { port: 99, nodePort: 30_099, protocol: 'SCTP' },
  ];
  const { nodePorts, served, problems } = readServices([
    service('a', { type: 'NodePort', ports }),
    service('b', { type: 'LoadBalancer', ports: [{ port: 81, nodePort: 30_081 }] }),
    service('c', { type: 'ClusterIP', ports: [{ port: 82 }] }),
    service('d', { type: 'LoadBalancer', ports: [{ port: 83 }] }),
  ]);
  t.deepEqual(nodePorts, [
    { protocol: 'tcp', port: 30_080 },
    { protocol: 'udp', port: 30_053 },
    { protocol: 'sctp', port: 30_099 },
    { protocol: 'tcp', port: 30_081 },
  ]);
  t.deepEqual([served, problems], [[], []]);
});

test('external and ingress addresses are served, of both families, and none of an alias', (t) => {
  const { served } = readServices([
    service('a', { type: 'ClusterIP', ports: [HTTP], externalIPs: ['203.0.113.80', '2001:db8::80'] }),
    service('b', { type: 'LoadBalancer', ports: [HTTP] }, { ingress: ['203.0.113.81'] }),
    service('c', { type: 'ClusterIP', ports: [HTTP] }, { ingress: ['203.0.113.82'] }),
    service('d', { type: 'ExternalName', externalIPs: ['203.0.113.83'] }),
  ]);
  t.deepEqual(served.map(String), ['203.0.113.80', '2001:db8::80', '203.0.113.81']);
});

test('of two services that claim the same the older keeps it, whatever the order, and the other is named', (t) => {
  const old = service('old', { type: 'NodePort', ports: [HTTP], externalIPs: ['203.0.113.80'] });
  const young = service(
    'young',
    { type: 'NodePort', ports: [HTTP], externalIPs: ['203.0.113.80'] },
    { born: '2026-02-01T00:00:00Z' },
  );
  for (const order of [
    [old, young],
    [young, old],
  ]) {
    t.deepEqual(readServices(order).problems, [
      'Service default/young: node port tcp 30080 is that of Service default/old, which is older',
      'Service default/young: tcp 203.0.113.80 port 80 is that of Service default/old, which is older',
    ]);
  }
});

test('a service with absurd ports or addresses is named and left out, the others are not', (t) => {
  const { nodePorts, problems } = readServices([
    service('a', { type: 'NodePort', ports: [{ port: 99_999, nodePort: 30_001 }] }),
    service('b', { type: 'NodePort', ports: [{ port: 80, nodePort: 30_002, protocol: 'QUIC' }] }),
    service('c', { type: 'ClusterIP', ports: [HTTP], externalIPs: ['010.0.0.1'] }),
    service('d', { type: 'NodePort', ports: [HTTP] }),
  ]);
  t.deepEqual(nodePorts, [{ protocol: 'tcp', port: 30_080 }]);
  t.deepEqual(problems, [
    'Service default/a: port 99999 is not from 1 to 65535; it is left out',
    'Service default/b: protocol QUIC is none of TCP, UDP, SCTP; it is left out',
    'Service default/c: "010.0.0.1" is not an IPv4 or IPv6 address; it is left out',
  ]);
});

test('what services claimed is known again from the flows that were made for it', (t) => {
  const claims = {
    nodePorts: [
      { protocol: 'tcp', port: 30_080 },
      { protocol: 'udp', port: 30_053 },
      { protocol: 'sctp', port: 30_099 },
    ],
    served: [parseIp('203.0.113.80'), parseIp('2001:db8::80')],
  } as const;
  const installed = demuxFlows({ ...GATEWAY, ...claims }).map((flow) => ({
    ...flow,
    packets: 0n,
    bytes: 0n,
  }));
  t.deepEqual(recoverClaims(installed), claims);
  t.deepEqual(recoverClaims([]), { nodePorts: [], served: [] });
});
