import test from 'ava';
import fc from 'fast-check';
import { nodeClaims } from '../../src/kube/nodes.js';
import { type KubeObject, trim, weigh } from '../../src/kube/objects.js';
import { bornAt, oldest } from '../../src/kube/seniority.js';
import { clusterAddresses, externalAddresses, servicePorts } from '../../src/kube/service.js';
import { misfit } from '../../src/kube/shape.js';
import { ProductError } from '../../src/net/errors.js';
import { readEndpoints, readSlice } from '../../src/watcher/sources/endpoint_objects.js';

const SERVICE = {
  metadata: {
    name: 'a',
    namespace: 'b',
    uid: 'u',
    annotations: { x: 'y' },
    creationTimestamp: '2026-01-01T00:00:00Z',
  },
  spec: {
    type: 'NodePort',
    ports: [{ port: 80, nodePort: 30_080, targetPort: 'web' }],
    clusterIPs: ['10.0.0.1'],
  },
  status: { loadBalancer: {} },
};

test('an object as Kubernetes writes it fits, and null means absent', (t) => {
  t.is(misfit(structuredClone(SERVICE)), undefined);
  const slice = { endpoints: null, ports: null, metadata: { name: 'a', labels: null } };
  t.is(misfit(slice), undefined);
  t.is(JSON.stringify(slice), '{"metadata":{"name":"a"}}');
});

test('the first field of another type is named', (t) => {
  for (const [change, field] of [
    [{ spec: { ports: 7 } }, 'spec.ports'],
    [{ spec: { ports: [{ port: '80' }] } }, 'spec.ports.port'],
    [{ spec: [] }, 'spec'],
    [{ spec: { clusterIPs: ['10.0.0.1', 7] } }, 'spec.clusterIPs'],
    [{ metadata: { annotations: { ovn: {} } } }, 'metadata.annotations.ovn'],
    [{ status: { loadBalancer: { ingress: [null] } } }, 'status.loadBalancer.ingress'],
    [{ subsets: {} }, 'subsets'],
  ] as const)
    t.is(misfit({ ...SERVICE, ...structuredClone(change) }), field);
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
const object = record({
  metadata: record({ name: text, namespace: text, creationTimestamp: text }),
  spec: record({
    type: text,
    clusterIP: text,
    clusterIPs: list(text),
    externalIPs: list(text),
    ports: list(port),
  }),
  status: record({
    addresses: list(record({ address: text })),
    loadBalancer: record({ ingress: list(record({ ip: text })) }),
  }),
  subsets: list(record({ addresses: list(record({ ip: text })), ports: list(port) })),
  endpoints: list(record({ addresses: list(text), conditions: record({ ready: mostly(fc.boolean()) }) })),
  addressType: text,
  ports: list(port),
});

test('every object that fits is read, or refused with a typed error', (t) => {
  const readers: readonly ((object: KubeObject) => unknown)[] = [
    ...[servicePorts, externalAddresses, clusterAddresses, nodeClaims, readEndpoints, bornAt],
    ...[readSlice, (one: KubeObject) => oldest([{ service: 'a', born: bornAt(one) }])],
    (one: KubeObject) => weigh(trim(one)),
  ] as never;
  let fitting = 0;
  fc.assert(
    fc.property(object, (one) => {
      if (misfit(one) !== undefined) return;
      fitting++;
      for (const read of readers)
        try {
          read(one as KubeObject);
        } catch (error) {
          if (!(error instanceof ProductError)) throw error;
        }
    }),
    { numRuns: 5_000 },
  );
  t.true(fitting > 1_000, `${fitting} fit`);
});
