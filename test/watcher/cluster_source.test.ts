import test, { type ExecutionContext } from 'ava';
import { until, when } from '../../lab/until.js';
import { KubeApi } from '../../src/kube/api.js';
import { ClusterSource } from '../../src/watcher/cluster_source.js';
import { FakeApi } from '../kube/fake_api.js';

const SLICES = '/apis/discovery.k8s.io/v1/endpointslices';
const ENDPOINTS = '/api/v1/endpoints';

/** A source that follows a small API server, until the test has ended. */
async function follow(t: ExecutionContext, prepare: (api: FakeApi) => void) {
  const api = await FakeApi.start();
  prepare(api);
  const access = { server: new URL(api.url), source: 'the test', fingerprint: '', options: async () => ({}) };
  const client = new KubeApi(access);
  const changed: string[] = [];
  const said: string[] = [];
  const stop = new AbortController();
  const source: ClusterSource = new ClusterSource(
    client,
    {
      podChanged: () => undefined,
      serviceChanged: (key) => changed.push(key),
      look: () => said.push(...source.problems),
    },
    { info: () => undefined },
  );
  const run = source.run(stop.signal);
  t.teardown(async () => {
    stop.abort();
    await run;
    client.close();
    api.close();
  });
  return { api, source, changed, said };
}

function slice(service: string, ...addresses: readonly string[]) {
  return {
    metadata: { labels: { 'kubernetes.io/service-name': service } },
    addressType: 'IPv4',
    ports: [{ name: '', port: 8080, protocol: 'TCP' }],
    endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
  };
}

test('where slices are served they are followed, and all those of a service count', async (t) => {
  const { api, source, changed } = await follow(t, (fake) => {
    fake.hasSlices = true;
    fake.set('web-1', slice('web', '10.244.1.3'), SLICES);
    fake.set('web-2', slice('web', '10.244.2.3'), SLICES);
    fake.set('web', {}, ENDPOINTS);
  });
  const addresses = () =>
    source
      .endpointsOf('default/web')
      .map(({ ip }) => ip)
      .sort();
  await until('the lists', () => when(source.hasSynced));
  t.deepEqual(addresses(), ['10.244.1.3', '10.244.2.3']);
  t.false(api.requests.some((request) => request.includes(ENDPOINTS)));

  changed.length = 0;
  api.set('web-2', slice('web', '10.244.2.4'), SLICES);
  await until('the change', () => when(changed.includes('default/web')));
  t.deepEqual(addresses(), ['10.244.1.3', '10.244.2.4']);
  api.set('web-2', slice('other', '10.244.2.4'), SLICES);
  await until('another owner', () => when(changed.includes('default/other')));
  t.deepEqual(addresses(), ['10.244.1.3']);
  api.remove('web-1', SLICES);
  await until('no endpoints', () => when(addresses().length === 0));
});

for (const how of ['breaks', 'is too old'] as const)
  test(`slices that change while their watch ${how} are followed when it goes on`, async (t) => {
    const { api, source } = await follow(t, (fake) => {
      fake.hasSlices = true;
      fake.set('web-1', slice('web', '10.244.1.3'), SLICES);
      fake.set('web-2', slice('web', '10.244.2.3'), SLICES);
    });
    await until('all three watches', () => when(source.hasSynced && api.openWatches === 3));
    if (how === 'is too old') api.expired = 3;
    api.reset();
    await until('no watch', () => when(api.openWatches === 0));
    api.remove('web-1', SLICES);
    api.set('web-2', slice('web', '10.244.2.4'), SLICES);
    api.set('other-1', slice('other', '10.244.3.3'), SLICES);
    await until('what there is now', () =>
      when(
        source
          .endpointsOf('default/web')
          .map(({ ip }) => ip)
          .join() === '10.244.2.4' &&
          source
            .endpointsOf('default/other')
            .map(({ ip }) => ip)
            .join() === '10.244.3.3',
      ),
    );
    await until('no problem', () => when(source.problems.length === 0));
    const lists = api.requests.filter((one) => one.includes(`${SLICES}?limit`)).length;
    t.is(lists, how === 'is too old' ? 2 : 1);
  });

test('where none are served Endpoints are followed', async (t) => {
  const subsets = [{ addresses: [{ ip: '10.244.1.3' }], ports: [{ port: 8080, protocol: 'TCP' }] }];
  const { api, source } = await follow(t, (fake) => fake.set('web', { subsets }, ENDPOINTS));
  await until('the lists', () => when(source.hasSynced));
  t.deepEqual(
    source.endpointsOf('default/web').map(({ ip }) => ip),
    ['10.244.1.3'],
  );
  t.false(api.requests.some((request) => request.includes(SLICES)));
});

for (const fault of [{ status: 401 }, { status: 403 }, { status: 500 }, 'garbage', 'reset'] as const) {
  const name = typeof fault === 'string' ? fault : fault.status;
  test(`after ${name} to everything it says so, and goes on when that ends`, async (t) => {
    const { source, said } = await follow(t, (fake) => {
      fake.faults.list.push(fault, fault, fault);
      fake.set('web', {}, ENDPOINTS);
    });
    await until('a word', () => when(said.length >= 3));
    await until('no problem', () => when(source.hasSynced && source.problems.length === 0));
    t.true(
      said.every((problem) => problem.includes('http://127.0.0.1:')),
      said.join(),
    );
  });
}
