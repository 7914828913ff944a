import test, { type ExecutionContext } from 'ava';
import { until, when } from '../../../lab/until.js';
import { SILENT } from '../../../src/daemon/log.js';
import { Problems } from '../../../src/daemon/problems.js';
import { HostPodSource } from '../../../src/gateway/sources/host_pods.js';
import { KubeApi } from '../../../src/kube/api.js';
import { parseIp } from '../../../src/net/ip.js';
import { FakeApi } from '../../kube/fake_api.js';
import { FakeSettings } from '../../switch/fake_settings.js';

const PODS = '/api/v1/pods';
const ADDRESS = parseIp('203.0.113.11');

async function begin(t: ExecutionContext, name: string | undefined) {
  const server = await FakeApi.start();
  t.teardown(() => server.close());
  const access = { server: new URL(server.url), source: 'test', fingerprint: '', options: async () => ({}) };
  const api = new KubeApi(access);
  const settings = new FakeSettings({});
  const problems = new Problems(SILENT);
  const stop = new AbortController();
  const node = { name };
  const count = { changes: 0 };
  const source = new HostPodSource({
    ...{ api, settings, problems, log: SILENT },
    node: () => node.name,
    changed: () => void count.changes++,
  });
  t.teardown(async () => {
    stop.abort();
    await running;
    api.close();
  });
  const running = source.run(stop.signal);
  const ports = () => source.book.portsAt([ADDRESS]).map(({ port }) => port.port);
  return { server, settings, problems, node, source, count, ports };
}

function podWith(hostPort: number) {
  return { spec: { nodeName: 'gw1', containers: [{ ports: [{ containerPort: 80, hostPort }] }] } };
}

test("the source asks for the node's own pods only, and follows their host ports", async (t) => {
  const { server, source, count, ports } = await begin(t, 'gw1');
  server.set('web', podWith(8088), PODS);
  await until('the list', () => when(source.isKnown && ports().length === 1));
  t.true(server.requests.every((line) => line.includes('fieldSelector=spec.nodeName%3Dgw1')));
  server.set('web', podWith(8089), PODS);
  await until('the change', () => when(ports().includes(8089)));
  const { changes } = count;
  server.set('web', { ...podWith(8089), status: { phase: 'Running' } }, PODS);
  server.set('last', podWith(8090), PODS);
  await until('the last pod', () => when(ports().length === 2));
  t.is(count.changes, changes + 1, 'a pod that keeps its host ports rings no loop');
});

test('a server that refuses pods is a problem, and holds nothing up', async (t) => {
  const { server, source, problems } = await begin(t, 'gw1');
  server.faults.list.push(...Array.from({ length: 100 }, () => ({ status: 403 })));
  await until('the refusal', () => when(source.isKnown));
  t.regex(problems.current.join(), /api\/v1\/pods.*403/);
});

test('a server that fails to list pods leaves them unknown, so that host ports in place stay', async (t) => {
  const { server, source, problems, ports } = await begin(t, 'gw1');
  server.set('web', podWith(8088), PODS);
  server.faults.list.push({ status: 500 });
  await until('the failure', () => when(/pods.*500/.test(problems.current.join())));
  t.false(source.isKnown);
  await until('the list', () => when(source.isKnown));
  t.deepEqual(ports(), [8088]);
});

test('a node without a name has no pods, until gateway-init names it', async (t) => {
  const { server, settings, source, node, ports } = await begin(t, undefined);
  server.set('web', podWith(8088), PODS);
  t.true(source.isKnown);
  t.deepEqual(ports(), []);
  node.name = 'gw1';
  settings.set({});
  await until('the list', () => when(ports().length === 1));
});
