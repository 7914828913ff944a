import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { until, when } from '../../../lab/until.js';
import { SILENT } from '../../../src/daemon/log.js';
import { Problems } from '../../../src/daemon/problems.js';
import { ServiceSource } from '../../../src/gateway/sources/services.js';
import { FakeApi } from '../../kube/fake_api.js';
import { FakeSettings } from '../../switch/fake_settings.js';

const SERVICES = '/api/v1/services';

function directory(t: ExecutionContext): string {
  const path = mkdtempSync(join(tmpdir(), 'services-'));
  t.teardown(() => rmSync(path, { recursive: true }));
  return path;
}

async function startApi(t: ExecutionContext, ...nodePorts: readonly number[]): Promise<FakeApi> {
  const api = await FakeApi.start();
  t.teardown(() => api.close());
  for (const nodePort of nodePorts)
    api.set(`web-${nodePort}`, { spec: { type: 'NodePort', ports: [{ port: 80, nodePort }] } }, SERVICES);
  return api;
}

/** Follows the API server of a kubeconfig, which may be absent, or of `external_ids`; takes each change like a step. */
function follow(
  t: ExecutionContext,
  {
    kubeconfig,
    ids = {},
    sysconf = '/nonexistent',
  }: {
    readonly kubeconfig?: string;
    readonly ids?: Readonly<Record<string, string>>;
    readonly sysconf?: string;
  },
) {
  const stop = new AbortController();
  const settings = new FakeSettings(ids);
  const problems = new Problems(SILENT);
  const logged: string[] = [];
  const source = new ServiceSource({
    settings,
    kubeconfig,
    sysconf,
    env: {},
    node: () => 'gw1',
    problems,
    changed: () => undefined,
    log: { ...SILENT, info: (line) => logged.push(line) },
  });
  const running = source.run(stop.signal);
  t.teardown(async () => {
    stop.abort();
    await running;
  });
  const nodePorts = () => {
    const exposed = source.take();
    return exposed && [...exposed.nodePorts].map(({ port }) => port).sort();
  };
  const problem = () => {
    source.take();
    return problems.current.join();
  };
  return { source, settings, logged, nodePorts, problem };
}

/** Replaces the file in one step, as a program does that others read from. */
function writeKubeconfig(file: string, server: string): void {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server } }],
    users: [{ name: 'u', user: {} }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  };
  writeFileSync(`${file}.new`, JSON.stringify(config), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

test('a kubeconfig that appears later is found without another event', async (t) => {
  const api = await startApi(t, 30_080);
  const kubeconfig = join(directory(t), 'config');
  const { nodePorts, problem } = follow(t, { kubeconfig });
  await until('the problem', () => when(/cannot be read/.test(problem())));
  writeKubeconfig(kubeconfig, api.url);
  await until('the services', () => when(nodePorts()?.join() === '30080'));
  t.is(problem(), '');
});

test('a CA that appears later is found without another event, and the API server is asked', async (t) => {
  const sysconf = directory(t);
  // Nothing listens on port 1.
  const { problem } = follow(t, { ids: { 'k8s-api-server': 'https://127.0.0.1:1' }, sysconf });
  t.regex(await until('the problem', () => problem() || undefined), /no CA to verify the server/);
  writeFileSync(join(sysconf, 'k8s-ca.crt'), '');
  const isOther = () => problem() !== '' && !/no CA/.test(problem());
  const after = await until('another problem', () => (isOther() ? problem() : undefined));
  t.regex(after, /ECONNREFUSED/);
});

test('a new kubeconfig is used once the server of the old one is away; until then the known services stay', async (t) => {
  const [first, second] = [await startApi(t, 30_080, 30_081), await startApi(t, 30_081, 30_082)];
  const kubeconfig = join(directory(t), 'config');
  writeKubeconfig(kubeconfig, first.url);
  const { nodePorts, problem } = follow(t, { kubeconfig });
  await until('the first services', () => when(nodePorts()?.join() === '30080,30081'));
  first.close();
  await until('the problem', () => when(problem() !== ''));
  t.deepEqual(nodePorts(), [30_080, 30_081]);
  writeKubeconfig(kubeconfig, second.url);
  await until('the second services', () => when(nodePorts()?.join() === '30081,30082'));
  t.is(problem(), '');
});

test('without an API server nothing is followed, which is logged once, until one is set', async (t) => {
  const api = await startApi(t, 30_080);
  const { source, settings, logged, nodePorts } = follow(t, {});
  t.false(source.isConfigured);
  t.is(nodePorts(), undefined);
  t.deepEqual(
    logged.map((line) => line.replace(/:.*/, '')),
    ['external_ids'],
  );
  settings.set({ 'k8s-api-server': api.url });
  t.true(source.isConfigured);
  await until('the services', () => when(nodePorts()?.join() === '30080'));
  t.is(logged.filter((line) => /is not set/.test(line)).length, 1);
});

test('another API server in external_ids is followed at once, and the services of the first are unknown', async (t) => {
  const [first, second] = [await startApi(t, 30_080), await startApi(t, 30_082)];
  const { settings, nodePorts } = follow(t, { ids: { 'k8s-api-server': first.url } });
  await until('the first services', () => when(nodePorts()?.join() === '30080'));
  settings.set({ 'k8s-api-server': second.url });
  await until('the second services', () => when(nodePorts()?.join() === '30082'));
  t.deepEqual(nodePorts(), [30_082]);
});

test('two services that want one port are a problem, which ends with one of them', async (t) => {
  const api = await startApi(t);
  const spec = { type: 'NodePort', ports: [{ port: 80, nodePort: 30_080 }] };
  api.set('a', { spec }, SERVICES);
  api.set('b', { spec }, SERVICES);
  const { problem } = follow(t, { ids: { 'k8s-api-server': api.url } });
  await until('the problem', () => when(/b: node port tcp 30080 belongs to Service .*a/.test(problem())));
  api.remove('b', SERVICES);
  await until('no problem', () => when(problem() === ''));
  t.is(problem(), '');
});

test('the addresses of nodes are unknown until they are listed, and kept while the server is away', async (t) => {
  const api = await startApi(t, 30_080);
  api.set('m', { status: { addresses: [{ type: 'InternalIP', address: '203.0.113.10' }] } }, '/api/v1/nodes');
  const { source, nodePorts, problem } = follow(t, { ids: { 'k8s-api-server': api.url } });
  t.is(source.nodeClaims, undefined);
  await until('the node', () => when(source.nodeClaims?.length === 1));
  await until('the services', () => when(nodePorts()?.join() === '30080'));
  t.is(source.server?.origin, api.url);
  const known = source.nodeClaims;
  api.close();
  await until('the problem', () => when(problem() !== ''));
  t.is(source.nodeClaims, known);
});
