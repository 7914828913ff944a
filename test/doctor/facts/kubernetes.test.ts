import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { readNode, readServiceIps } from '../../../src/doctor/facts/kubernetes.js';
import { ApiError } from '../../../src/kube/errors.js';

const SERVICES = JSON.stringify({
  metadata: { resourceVersion: '9' },
  items: [
    { metadata: { name: 'dns', namespace: 'kube-system' }, spec: { clusterIPs: ['10.96.0.10', 'fd00::a'] } },
    { metadata: { name: 'old', namespace: 'default' }, spec: { clusterIP: '10.96.0.11' } },
    { metadata: { name: 'headless', namespace: 'default' }, spec: { clusterIPs: ['None'] } },
  ],
});

/** Starts an API server that has services and Node `gw1`, forbids reading Node `secret`, and fails for Node `broken`. */
async function apiServer(t: ExecutionContext) {
  const status = new Map([
    ['/api/v1/nodes/gw1', 200],
    ['/api/v1/nodes/secret', 403],
    ['/api/v1/nodes/broken', 500],
    ['/api/v1/services', 200],
  ]);
  const server = createServer((request, response) => {
    response.writeHead(status.get(request.url?.split('?')[0] ?? '') ?? 404, {
      'content-type': 'application/json',
    });
    response.end(request.url?.startsWith('/api/v1/services') ? SERVICES : '{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return {
    systemIds: new Map([['k8s-api-server', `http://127.0.0.1:${port}`]]),
    sysconf: '/nonexistent',
    env: {},
  };
}

test('a Node is present or absent; it is unreadable if the API server forbids the request', async (t) => {
  const access = await apiServer(t);
  t.is(await readNode('gw1', access), 'present');
  t.is(await readNode('gw2', access), 'absent');
  t.is(await readNode('secret', access), 'unreadable');
  await t.throwsAsync(readNode('broken', access), { instanceOf: ApiError });
});

test('without a node name or an API server there is nothing to ask', async (t) => {
  t.is(await readNode(undefined, await apiServer(t)), 'unreadable');
  t.is(await readNode('gw1', { systemIds: new Map(), sysconf: '/nonexistent', env: {} }), 'unreadable');
});

test('services are read with their cluster addresses', async (t) => {
  const found = await readServiceIps(await apiServer(t), 5_000);
  t.deepEqual(
    found.map(({ service, clusterIps }) => `${service} ${clusterIps.join()}`),
    ['kube-system/dns 10.96.0.10,fd00::a', 'default/old 10.96.0.11', 'default/headless '],
  );
});
