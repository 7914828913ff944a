import test from 'ava';
import { SERVICE } from '../../src/kube/kinds.js';
import {
  clusterAddresses,
  externalAddresses,
  parsePort,
  servicePorts,
  sourceRanges,
} from '../../src/kube/service.js';
import { formatCidr } from '../../src/net/cidr.js';

test('node ports count for the types that have them, and not before they are allocated', (t) => {
  const port = { name: 'http', port: 80, nodePort: 30_080, protocol: 'UDP' };
  const nodePorts = (type: string, ports = [port]) =>
    servicePorts({ spec: { type, ports } }).map(({ nodePort }) => nodePort);
  t.deepEqual(nodePorts('NodePort'), [30_080]);
  t.deepEqual(nodePorts('LoadBalancer'), [30_080]);
  t.deepEqual(nodePorts('ClusterIP'), [undefined]);
  t.deepEqual(nodePorts('NodePort', [{ ...port, nodePort: 0 }]), [undefined]);
});

for (const label of ['service.kubernetes.io/service-proxy-name', 'service.kubernetes.io/headless'])
  test(`a service with the label ${label} is left to others, whatever the value`, (t) => {
    const spec = {
      ...{ clusterIP: '10.96.0.1', externalIPs: ['192.0.2.1'], type: 'NodePort' },
      ports: [{ port: 80, nodePort: 30_080 }],
    };
    const labelled = SERVICE({ metadata: { labels: { [label]: '' } }, spec });
    t.deepEqual(servicePorts(labelled), []);
    t.deepEqual(externalAddresses(labelled), []);
    t.deepEqual(clusterAddresses(labelled), ['10.96.0.1'] as never, 'no other service may take it');
    const other = SERVICE({ metadata: { labels: { app: 'web' } }, spec });
    t.is(servicePorts(other).length, 1);
    t.is(externalAddresses(other).length, 1);
  });

test('a port has its name and protocol, by default none and TCP', (t) => {
  t.deepEqual(
    servicePorts({ spec: { ports: [{ name: 'dns', port: 53, protocol: 'SCTP' }, { port: 80 }] } }),
    [
      { name: 'dns', protocol: 'sctp', port: 53, nodePort: undefined },
      { name: '', protocol: 'tcp', port: 80, nodePort: undefined },
    ],
  );
  t.deepEqual(servicePorts({}), []);
});

test('an invalid protocol or port is refused; the message names it', (t) => {
  t.throws(() => servicePorts({ spec: { ports: [{ port: 80, protocol: 'QUIC' }] } }), {
    code: 'ERR_SERVICE',
    message: 'protocol QUIC is not TCP, UDP or SCTP',
  });
  for (const bad of [0, -1, 65_536, 1.5, Number.NaN])
    t.throws(() => parsePort(bad), { code: 'ERR_SERVICE', message: `port ${bad} is not from 1 to 65535` });
  t.is(parsePort(65_535), 65_535);
  t.throws(() => servicePorts({ spec: { type: 'NodePort', ports: [{ port: 80, nodePort: 70_000 }] } }), {
    message: /port 70000/,
  });
});

test('external addresses are the external IPs and, for a LoadBalancer, the ingress IPs, each once', (t) => {
  const spec = { externalIPs: ['192.0.2.1', '2001:DB8::1'] };
  const ingress = [{ ip: '192.0.2.1' }, { ip: '192.0.2.2' }, { hostname: 'lb.example' }];
  const addresses = (type: string) =>
    externalAddresses({ spec: { ...spec, type }, status: { loadBalancer: { ingress } } }).map(String);
  t.deepEqual(addresses('LoadBalancer'), ['192.0.2.1', '2001:db8::1', '192.0.2.2']);
  t.deepEqual(addresses('ClusterIP'), ['192.0.2.1', '2001:db8::1']);
  t.deepEqual(addresses('ExternalName'), []);
  t.throws(() => externalAddresses({ spec: { externalIPs: ['lb.example'] } }), { message: /lb\.example/ });
});

test("an ingress address with ipMode Proxy is the load balancer's own", (t) => {
  const ingress = [
    { ip: '192.0.2.1', ipMode: 'Proxy' },
    { ip: '192.0.2.2', ipMode: 'VIP' },
  ];
  const service = { spec: { type: 'LoadBalancer' }, status: { loadBalancer: { ingress } } };
  t.deepEqual(externalAddresses(service).map(String), ['192.0.2.2']);
});

test('the source ranges of a LoadBalancer restrict its clients; without any, and for other types, all may', (t) => {
  const ranges = (type: string, ...texts: string[]) =>
    sourceRanges({ spec: { type, loadBalancerSourceRanges: texts } })?.map(formatCidr);
  t.deepEqual(ranges('LoadBalancer', '198.51.100.9/24', ' 2001:db8::/32 '), [
    '198.51.100.0/24',
    '2001:db8::/32',
  ]);
  t.is(ranges('LoadBalancer'), undefined);
  t.is(ranges('NodePort', '198.51.100.0/24'), undefined);
  t.throws(() => ranges('LoadBalancer', '198.51.100.0/33'), { message: /198\.51\.100\.0\/33/ });
  t.throws(() => ranges('LoadBalancer', ...Array<string>(1_001).fill('198.51.100.0/24')), {
    code: 'ERR_SERVICE',
    message: '1001 source ranges are more than 1000',
  });
});

test('cluster addresses are those of clusterIPs, else clusterIP; headless services have none', (t) => {
  const addresses = (spec: object) => clusterAddresses({ spec }).map(String);
  t.deepEqual(addresses({ clusterIP: '10.96.0.1' }), ['10.96.0.1']);
  t.deepEqual(addresses({ clusterIP: '10.96.0.1', clusterIPs: ['10.96.0.1', 'fd00::1'] }), [
    '10.96.0.1',
    'fd00::1',
  ]);
  t.deepEqual(addresses({ clusterIP: 'None', clusterIPs: ['None'] }), []);
  t.deepEqual(addresses({ clusterIP: '' }), []);
  t.deepEqual(addresses({ type: 'ExternalName', clusterIP: '10.96.0.1' }), []);
  t.deepEqual(clusterAddresses({}), []);
});

test('a service with thousands of ports at thousands of addresses is refused before they are multiplied', (t) => {
  const externalIPs = Array.from({ length: 5_000 }, (_, i) => `10.9.${i >> 8}.${i & 255}`);
  const ports = Array.from({ length: 5_000 }, (_, i) => ({ name: `p${i}`, port: i + 1 }));
  const message = '5000 ports at 5001 addresses are more than 20000 together; make several services of it';
  t.throws(() => servicePorts({ spec: { clusterIP: '10.96.0.5', externalIPs, ports } }), {
    code: 'ERR_SERVICE',
    message,
  });
  t.is(servicePorts({ spec: { clusterIP: '10.96.0.5', externalIPs, ports: ports.slice(0, 3) } }).length, 3);
});
