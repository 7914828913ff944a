import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { until, when } from '../../lab/until.js';
import { ServiceSource } from '../../src/gateway/service_source.js';
import { FakeApi } from '../kube/fake_api.js';

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

/** What services there are by a kubeconfig, whether that is there or not, or by `external_ids`. */
function follow(
  t: ExecutionContext,
  where: { kubeconfig?: string; systemIds?: ReadonlyMap<string, string>; sysconf?: string },
) {
  const stop = new AbortController();
  t.teardown(() => stop.abort());
  const source = new ServiceSource({
    systemIds: new Map(),
    sysconf: '/nonexistent',
    ...where,
    env: {},
    changed: () => undefined,
    log: { info: () => undefined },
    signal: stop.signal,
  });
  const nodePorts = () => source.claims && [...source.claims.nodePorts].map(({ port }) => port).sort();
  return { source, nodePorts };
}

/** As one replaces a file that others read. */
function writeKubeconfig(file: string, server: string): void {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server } }],
    users: [{ name: 'u', user: {} }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  };
  writeFileSync(`${file}.new`, JSON.stringify(config));
  renameSync(`${file}.new`, file);
}

test('a kubeconfig that comes later is found, without other news', async (t) => {
  const api = await startApi(t, 30_080);
  const kubeconfig = join(directory(t), 'config');
  const { source, nodePorts } = follow(t, { kubeconfig });
  await until('the problem', () => when(/cannot be read/.test(source.problems.join())));
  writeKubeconfig(kubeconfig, api.url);
  await until('the services', () => when(nodePorts()?.join() === '30080'));
  t.deepEqual(source.problems, []);
});

test('a CA that comes later is found, without other news', async (t) => {
  const sysconf = directory(t);
  // Nobody listens there: what matters is that it is asked.
  const { source } = follow(t, { systemIds: new Map([['k8s-api-server', 'https://127.0.0.1:1']]), sysconf });
  await until('the problem', () => when(/no CA to know it by/.test(source.problems.join())));
  writeFileSync(join(sysconf, 'k8s-ca.crt'), '');
  await until('a request', () => when(/ECONNREFUSED/.test(source.problems.join())));
  t.pass();
});

test('another kubeconfig counts once the server of the first is not heard, and what was known stays until then', async (t) => {
  const [first, second] = [await startApi(t, 30_080, 30_081), await startApi(t, 30_081, 30_082)];
  const kubeconfig = join(directory(t), 'config');
  writeKubeconfig(kubeconfig, first.url);
  const { source, nodePorts } = follow(t, { kubeconfig });
  await until('the first services', () => when(nodePorts()?.join() === '30080,30081'));
  first.close();
  await until('the problem', () => when(source.problems.length > 0));
  t.deepEqual(nodePorts(), [30_080, 30_081]);
  writeKubeconfig(kubeconfig, second.url);
  await until('the second services', () => when(nodePorts()?.join() === '30081,30082'));
  t.deepEqual(source.problems, []);
});
