import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { until, when } from '../../lab/until.js';
import { SILENT } from '../../src/daemon/log.js';
import { Problems } from '../../src/daemon/problems.js';
import { KubeApi } from '../../src/kube/api.js';
import { NODE } from '../../src/kube/kinds.js';
import { NodeSource, nodeClaims } from '../../src/kube/nodes.js';
import { Misfit } from '../../src/kube/shape.js';
import { FakeApi } from './fake_api.js';

const NODES = '/api/v1/nodes';
const status = (...addresses: readonly string[]) => ({
  addresses: [
    { type: 'Hostname', address: 'm.example' },
    ...addresses.map((address) => ({ type: 'InternalIP', address })),
  ],
  images: [{ names: ['a large list'] }],
});

test("a node's addresses are claimed, and its names are not", (t) => {
  const claims = nodeClaims({ metadata: { name: 'm' }, status: status('203.0.113.10', '2001:db8::10') });
  t.deepEqual(
    claims.map(({ network, what }) => `${network.address}/${network.prefix} ${what}`),
    ['203.0.113.10/32 an address of node m', '2001:db8::10/128 an address of node m'],
  );
});

/** A source of nodes at an API server that a test plays. */
async function start(t: ExecutionContext, prepare: (api: FakeApi) => void = () => undefined) {
  const api = await FakeApi.start();
  t.teardown(() => api.close());
  prepare(api);
  const access = new KubeApi({
    server: new URL(api.url),
    source: 'test',
    fingerprint: '',
    options: async () => ({}),
  });
  let rings = 0;
  const source = new NodeSource({
    api: access,
    log: SILENT,
    problems: new Problems(SILENT),
    changed: () => rings++,
  });
  const stop = new AbortController();
  const running = source.run(stop.signal);
  t.teardown(async () => {
    stop.abort();
    await running;
    access.close();
  });
  return { api, source, rung: () => rings };
}

test('a server that refuses the nodes is a problem, which rings', async (t) => {
  const { source, rung } = await start(t, ({ faults }) => faults.list.push({ status: 403 }));
  t.is(source.problem, undefined);
  await until('the refusal', () => when(source.problem !== undefined));
  t.is(rung(), 1);
  await until('the nodes', () => when(source.hasSynced));
  t.true(rung() > 1);
});

test('nodes and their zones are followed; a Node that is written with the same addresses changes nothing', async (t) => {
  const { api, source, rung } = await start(t);
  api.set('m', { status: status('203.0.113.10') }, NODES);
  const addresses = () => source.claims.map(({ network }) => String(network.address));
  await until('the node', () => when(addresses().join() === '203.0.113.10'));
  t.true(source.hasSynced);
  const [before, known] = [rung(), source.claims];
  api.set('m', { status: status('203.0.113.10'), heartbeat: 2 }, NODES);
  api.set('n', { status: status('203.0.113.12') }, NODES);
  await until('the second node', () => when(addresses().length === 2));
  t.is(rung(), before + 1);
  t.not(source.claims, known);
  t.is(source.claims, source.claims);
  const { zones, claims } = source;
  t.deepEqual([...zones], []);
  const labels = { 'topology.kubernetes.io/zone': 'a', 'kubernetes.io/hostname': 'm' };
  api.set('m', { metadata: { labels }, status: status('203.0.113.10') }, NODES);
  await until('the zone', () => when(source.zones.size === 1));
  t.is(source.zones.get('m'), 'a');
  t.not(source.zones, zones);
  t.is(source.claims, claims, 'a zone is not an address');
  api.remove('m', NODES);
  await until('the first node to go', () => when(addresses().join() === '203.0.113.12'));
});

test('whatever a server calls the addresses of a node is claimed, left out or refused', (t) => {
  const entry = fc.oneof(fc.record({ address: fc.anything() }), fc.anything());
  const addresses = fc.oneof(fc.array(entry), fc.anything());
  fc.assert(
    fc.property(addresses, (found) => {
      try {
        t.true(nodeClaims(NODE({ metadata: { name: 'm' }, status: { addresses: found } })).length >= 0);
      } catch (error) {
        t.true(error instanceof Misfit);
      }
    }),
  );
});
