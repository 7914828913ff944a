import test, { type ExecutionContext } from 'ava';
import { until, when } from '../../lab/until.js';
import { SILENT } from '../../src/daemon/log.js';
import { Problems } from '../../src/daemon/problems.js';
import { KubeApi } from '../../src/kube/api.js';
import { EndpointSource } from '../../src/kube/endpoint_source.js';
import { FakeApi } from './fake_api.js';

const SLICES = '/apis/discovery.k8s.io/v1/endpointslices';
const ENDPOINTS = '/api/v1/endpoints';

/** Runs the source against a small API server until the test ends. */
async function follow(t: ExecutionContext, prepare: (api: FakeApi) => void) {
  const api = await FakeApi.start();
  prepare(api);
  const access = { server: new URL(api.url), source: 'the test', fingerprint: '', options: async () => ({}) };
  const client = new KubeApi(access);
  const changed = new Set<string>();
  const reported: string[] = [];
  const log = { ...SILENT, warn: (line: string) => reported.push(line) };
  const stop = new AbortController();
  const problems = new Problems(log);
  const source = new EndpointSource({
    ...{ api: client, log: SILENT, problems, ring: () => undefined },
    changed: (service) => changed.add(service),
  });
  const run = source.run(stop.signal);
  t.teardown(async () => {
    stop.abort();
    await run;
    client.close();
    api.close();
  });
  const ips = (service: string) => source.of(service).map(({ ip }) => ip);
  const takes = (service: string) => {
    const isMarked = changed.has(service);
    changed.clear();
    return isMarked;
  };
  const marked = (service: string) => until(`a mark of ${service}`, () => when(takes(service)));
  return { api, source, problems, reported, ips, marked };
}

function slice(service: string, ...addresses: readonly string[]) {
  return {
    metadata: { labels: { 'kubernetes.io/service-name': service } },
    addressType: 'IPv4',
    ports: [{ name: '', port: 8080, protocol: 'TCP' }],
    endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
  };
}

test('if the server has slices, all slices of a service are followed, and Endpoints are not', async (t) => {
  const { api, source, ips, marked } = await follow(t, (fake) => {
    fake.hasSlices = true;
    fake.set('web-1', slice('web', '10.244.1.3'), SLICES);
    fake.set('web-2', slice('web', '10.244.2.3'), SLICES);
    fake.set('web', {}, ENDPOINTS);
  });
  await until('the list', () => when(source.hasSynced));
  t.deepEqual(ips('default/web'), ['10.244.1.3', '10.244.2.3']);
  t.false(api.requests.some((request) => request.includes(ENDPOINTS)));
  await marked('default/web');
  api.set('web-2', slice('web', '10.244.2.4'), SLICES);
  await marked('default/web');
  t.deepEqual(ips('default/web'), ['10.244.1.3', '10.244.2.4']);
  api.set('web-2', slice('other', '10.244.2.4'), SLICES);
  await marked('default/other');
  t.deepEqual(ips('default/web'), ['10.244.1.3']);
  t.deepEqual(ips('default/other'), ['10.244.2.4']);
  api.remove('web-1', SLICES);
  await marked('default/web');
  t.deepEqual(ips('default/web'), []);
});

for (const how of ['breaks', 'is too old'] as const)
  test(`slices that change while their watch ${how} are right once it continues`, async (t) => {
    const { api, source, ips } = await follow(t, (fake) => {
      fake.hasSlices = true;
      fake.set('web-1', slice('web', '10.244.1.3'), SLICES);
      fake.set('web-2', slice('web', '10.244.2.3'), SLICES);
    });
    await until('the watch', () => when(source.hasSynced && api.openWatches === 1));
    if (how === 'is too old') api.expired = 3;
    api.reset();
    await until('no watch', () => when(api.openWatches === 0));
    api.remove('web-1', SLICES);
    api.set('web-2', slice('web', '10.244.2.4'), SLICES);
    api.set('other-1', slice('other', '10.244.3.3'), SLICES);
    await until('the endpoints of the web', () => when(ips('default/web').join() === '10.244.2.4'));
    await until('the other endpoints', () => when(ips('default/other').join() === '10.244.3.3'));
    await until('no problem', () => when(source.problem === undefined));
    const lists = api.requests.filter((one) => one.includes(`${SLICES}?limit`)).length;
    t.is(lists, 2);
  });

test('if the server has no slices, Endpoints are followed', async (t) => {
  const subsets = [{ addresses: [{ ip: '10.244.1.3' }], ports: [{ port: 8080, protocol: 'TCP' }] }];
  const { api, source, ips, marked } = await follow(t, (fake) => fake.set('web', { subsets }, ENDPOINTS));
  await until('the list', () => when(source.hasSynced));
  t.deepEqual(ips('default/web'), ['10.244.1.3']);
  t.false(api.requests.some((request) => request.includes(SLICES)));
  await marked('default/web');
  api.remove('web', ENDPOINTS);
  await marked('default/web');
  t.deepEqual(ips('default/web'), []);
});

for (const fault of [{ status: 401 }, { status: 403 }, { status: 500 }, 'garbage', 'reset'] as const) {
  const name = typeof fault === 'string' ? fault : fault.status;
  test(`${name} to the question for slices is a problem that names the server, until it ends`, async (t) => {
    const { api, source, reported } = await follow(t, (fake) => {
      fake.hasSlices = true;
      fake.faults.list.push(fault, fault);
      fake.set('web-1', slice('web', '10.244.1.3'), SLICES);
    });
    await until('a report', () => when(reported.length > 0));
    await until('the list', () => when(source.hasSynced));
    t.is(source.problem, undefined);
    t.true(
      reported.every((problem) => problem.includes(api.url)),
      reported.join(),
    );
  });
}

test('endpoints that are too many are left out, and their service is named until they are fewer', async (t) => {
  const many = (count: number) => ({
    ...slice('web', ...Array.from({ length: 1_001 }, (_, i) => `10.244.${i >> 8}.${i & 255}`)),
    ports: Array.from({ length: count }, (_, i) => ({ name: `p${i}`, port: i + 1, protocol: 'TCP' })),
  });
  const { api, source, problems, ips } = await follow(t, (fake) => {
    fake.hasSlices = true;
    fake.set('web-1', many(100), SLICES);
    fake.set('other-1', slice('other', '10.244.2.3'), SLICES);
  });
  await until('the list', () => when(source.hasSynced));
  t.deepEqual(ips('default/other'), ['10.244.2.3']);
  t.deepEqual(ips('default/web'), []);
  t.deepEqual(problems.current, [
    'Service default/web: 100100 endpoints in one object are more than 100000; they are left out',
  ]);
  api.set('web-1', many(1), SLICES);
  await until('the endpoints', () => when(ips('default/web').length === 1_001));
  t.deepEqual(problems.current, []);
});
