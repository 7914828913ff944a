import { readdir, readFile } from 'node:fs/promises';
import test from 'ava';
import fc from 'fast-check';
import { readEndpoints, readSlice } from '../../src/kube/endpoint_objects.js';
import { podHostPorts } from '../../src/kube/host_ports.js';
import { ENDPOINTS, NODE, POD, SERVICE, SLICE } from '../../src/kube/kinds.js';
import { nodeClaims } from '../../src/kube/nodes.js';
import { weigh } from '../../src/kube/objects.js';
import { bornAt, oldest } from '../../src/kube/seniority.js';
import { clusterAddresses, externalAddresses, servicePorts, sourceRanges } from '../../src/kube/service.js';
import { Misfit, type Shape } from '../../src/kube/shape.js';
import { ProductError } from '../../src/net/errors.js';
import { wantedPort } from '../../src/watcher/desired_pod_port.js';
import { realisticNode, realisticPod, realisticService } from './realistic.js';

test('of an object only the fields that are read are kept', (t) => {
  t.deepEqual(SERVICE(realisticService(1)), {
    metadata: {
      name: 'frontend-1',
      namespace: 'team-1',
      resourceVersion: '1000001',
      creationTimestamp: '2026-01-01T00:00:00Z',
      uid: '8f1c2d3e-4b5a-4c6d-9e8f-000000000001',
    },
    spec: {
      clusterIP: '10.96.0.1',
      clusterIPs: ['10.96.0.1'],
      externalTrafficPolicy: 'Cluster',
      internalTrafficPolicy: 'Cluster',
      ports: [{ name: 'http', protocol: 'TCP', port: 80, nodePort: 30_001 }],
      sessionAffinity: 'None',
      type: 'NodePort',
    },
  });
  const pod = POD(realisticPod(1));
  t.deepEqual(Object.keys(pod.metadata?.annotations ?? {}), ['ovn']);
  t.deepEqual(pod.spec, { containers: [], nodeName: 'worker-1.example.com' });
  t.deepEqual(NODE(realisticNode(1)).status, {
    addresses: [{ address: '10.0.0.1' }, { address: 'worker-1' }],
  });
});

test('of a pod only the ports are kept that are ports of its host too, of containers that run beside each other', (t) => {
  const web = { containerPort: 80, hostPort: 8088, hostIP: '203.0.113.10', protocol: 'TCP' };
  const init = (ports: object[], more: object) => ({ name: 'init', image: 'x', ports, ...more });
  const pod = POD({
    metadata: { name: 'web' },
    spec: {
      containers: [
        { name: 'web', image: 'x', ports: [{ ...web, name: 'http' }, { containerPort: 81 }] },
        { name: 'other', ports: [{ containerPort: 82, hostPort: 0 }] },
      ],
      initContainers: [init([web], {}), init([web], { restartPolicy: 'Always' })],
    },
  });
  t.deepEqual(pod.spec, {
    containers: [{ ports: [web] }],
    initContainers: [{ ports: [web], restartPolicy: 'Always' }],
  });
});

test('a field that is not kept does not compile, so none is read', async (t) => {
  // @ts-expect-error: if this compiles, the type of a Service is not that of its shape.
  t.is(SERVICE(realisticService(1)).spec?.selector, undefined);
  // The client's types have all fields, also those that are not kept.
  for (const file of await readdir('src', { recursive: true }))
    if (file.endsWith('.ts'))
      t.notRegex(await readFile(`src/${file}`, 'utf8'), /\bV1(Pod|Service|Endpoint|Node)/, file);
});

test('null means absent, also deep in an object', (t) => {
  const slice = { metadata: { name: 'a', labels: null }, endpoints: [{ addresses: null }], ports: null };
  t.deepEqual(SLICE(slice), { metadata: { name: 'a' }, endpoints: [{}] });
});

test('the first field of another type is named', (t) => {
  for (const [shape, change, field] of [
    [SERVICE, { spec: { ports: 7 } }, 'spec.ports'],
    [SERVICE, { spec: { ports: [{ port: '80' }] } }, 'spec.ports.port'],
    [SERVICE, { spec: [] }, 'spec'],
    [SERVICE, { spec: { clusterIPs: ['10.0.0.1', 7] } }, 'spec.clusterIPs'],
    [SERVICE, { status: { loadBalancer: { ingress: [null] } } }, 'status.loadBalancer.ingress'],
    [POD, { metadata: { annotations: { ovn: {} } } }, 'metadata.annotations.ovn'],
    [POD, { spec: { hostNetwork: 'true' } }, 'spec.hostNetwork'],
    [ENDPOINTS, { subsets: {} }, 'subsets'],
  ] as const)
    t.is(t.throws(() => shape({ ...realisticService(1), ...change }), { instanceOf: Misfit })?.path, field);
});

/** Any JSON, more often of the types that are read. */
const any = fc.jsonValue({ maxDepth: 2 });
const mostly = (good: fc.Arbitrary<unknown>) =>
  fc.oneof(
    { arbitrary: good, weight: 60 },
    { arbitrary: fc.constant(null), weight: 4 },
    { arbitrary: any, weight: 1 },
  );
const text = mostly(
  fc.constantFrom(
    '',
    'x',
    '10.0.0.1',
    '::1',
    '999.1.1.1',
    'None',
    'TCP',
    'NodePort',
    'LoadBalancer',
    '2026',
    'FQDN',
  ),
);
const number = mostly(fc.constantFrom(0, -1, 80, 65_536, 1.5, 1e99));
const list = (one: fc.Arbitrary<unknown>) => mostly(fc.array(one, { maxLength: 3 }));
const record = (model: Record<string, fc.Arbitrary<unknown>>) =>
  mostly(fc.record(model, { requiredKeys: [] }));
const port = record({ name: text, port: number, nodePort: number, protocol: text });
const hostPort = record({ hostPort: number, containerPort: number, hostIP: text, protocol: text });
const object = record({
  metadata: record({
    name: text,
    namespace: text,
    creationTimestamp: text,
    annotations: record({ ovn: text }),
  }),
  spec: record({
    type: text,
    clusterIP: text,
    clusterIPs: list(text),
    externalIPs: list(text),
    ports: list(port),
    loadBalancerSourceRanges: list(text),
    containers: list(record({ ports: list(hostPort) })),
    nodeName: text,
    hostNetwork: mostly(fc.boolean()),
  }),
  status: record({
    addresses: list(record({ address: text })),
    podIPs: list(record({ ip: text })),
    loadBalancer: record({ ingress: list(record({ ip: text })) }),
  }),
  subsets: list(record({ addresses: list(record({ ip: text })), ports: list(port) })),
  endpoints: list(record({ addresses: list(text), conditions: record({ ready: mostly(fc.boolean()) }) })),
  addressType: text,
  ports: list(port),
});

test('every object that fits is read, or refused with a typed error', (t) => {
  const reader =
    <T>(shape: Shape<T>, ...reads: readonly ((object: T) => unknown)[]) =>
    (value: unknown) => {
      let one: T;
      try {
        one = shape(value);
      } catch (error) {
        if (error instanceof Misfit) return false;
        throw error;
      }
      for (const read of [weigh, ...reads])
        try {
          read(one);
        } catch (error) {
          if (!(error instanceof ProductError)) throw error;
        }
      return true;
    };
  const readers = [
    reader(SERVICE, servicePorts, externalAddresses, clusterAddresses, sourceRanges, (one) =>
      oldest([{ service: 'a', born: bornAt(one) }]),
    ),
    reader(POD, wantedPort, podHostPorts),
    reader(ENDPOINTS, readEndpoints),
    reader(SLICE, readSlice),
    reader(NODE, nodeClaims),
  ];
  const fitting = readers.map(() => 0);
  fc.assert(
    fc.property(object, (one) => {
      readers.forEach((read, i) => {
        if (read(one)) fitting[i] = (fitting[i] ?? 0) + 1;
      });
    }),
    { numRuns: 5_000 },
  );
  for (const count of fitting) t.true(count > 1_000, `${fitting} fit`);
});
