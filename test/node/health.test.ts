import { createServer } from 'node:net';
import test from 'ava';
import { SILENT } from '../../src/daemon/log.js';
import { Problems } from '../../src/daemon/problems.js';
import type { Endpoint } from '../../src/kube/endpoint_index.js';
import { HealthServers } from '../../src/node/apply_health.js';
import { HealthBook } from '../../src/node/state_health.js';
import { service } from './objects.js';

const LOCAL = { type: 'LoadBalancer', externalTrafficPolicy: 'Local' } as const;

function endpoint(ip: string, node: string, state: Endpoint['state'] = 'ready'): Endpoint {
  return { ip, node, state, port: 80, portName: '', protocol: 'TCP' };
}

test('the ready endpoints of this node are counted, each once', (t) => {
  const book = new HealthBook();
  book.put('default/web', service({ ...LOCAL, healthCheckNodePort: 31_000 }));
  const endpoints = [
    ...[endpoint('10.244.1.3', 'a'), endpoint('10.244.1.3', 'a'), endpoint('fd00::3', 'a')],
    ...[endpoint('10.244.1.4', 'a', 'unready'), endpoint('10.244.2.3', 'b')],
  ];
  t.deepEqual(
    [...book.checks('a', () => endpoints)],
    [[31_000, { service: 'default/web', localEndpoints: 1 }]],
  );
});

test("only Local load balancers have a health check's port, and ssh's is refused", (t) => {
  const book = new HealthBook();
  book.put('default/cluster', service({ type: 'LoadBalancer', healthCheckNodePort: 31_000 }));
  t.false(book.isNeeded);
  book.put('default/ssh', service({ ...LOCAL, healthCheckNodePort: 22 }));
  t.deepEqual([...book.checks('a', () => [])], []);
  t.regex(book.problems.join(), /Service default\/ssh: healthCheckNodePort 22 is refused: .* for ssh/);
  const others = service({ ...LOCAL, healthCheckNodePort: 31_000 });
  const labels = { 'service.kubernetes.io/service-proxy-name': 'other' };
  book.put('default/others', { ...others, metadata: { ...others.metadata, labels } });
  t.deepEqual([...book.checks('a', () => [])], [], 'a service that is left to another proxy');
  book.put('default/others', undefined);
  book.put('default/ssh', undefined);
  t.false(book.isNeeded);
});

test('a port answers 200 or 503 with the count, as kube-proxy does, until its service is gone', async (t) => {
  const problems = new Problems(SILENT);
  const servers = new HealthServers(problems);
  const port = await freePort();
  const ask = () => fetch(`http://127.0.0.1:${port}/healthz`);
  await servers.keep(new Map([[port, { service: 'default/web', localEndpoints: 2 }]]));
  const good = await ask();
  t.is(good.status, 200);
  t.deepEqual(await good.json(), {
    service: { namespace: 'default', name: 'web' },
    localEndpoints: 2,
    serviceProxyHealthy: true,
  });
  await servers.keep(new Map([[port, { service: 'default/web', localEndpoints: 0 }]]));
  const bad = await ask();
  t.is(bad.status, 503);
  t.like(await bad.json(), { localEndpoints: 0 });
  await servers.keep(new Map());
  await t.throwsAsync(ask());
  t.deepEqual(servers.ports, []);
});

test('a port that a program has is a problem, and is taken once it is free', async (t) => {
  const problems = new Problems(SILENT);
  const servers = new HealthServers(problems);
  t.teardown(() => servers.close());
  const port = await freePort();
  const other = createServer().listen(port);
  await new Promise((resolve) => other.once('listening', resolve));
  const checks = new Map([[port, { service: 'default/web', localEndpoints: 1 }]]);
  await servers.keep(checks);
  t.regex(
    problems.current.join(),
    /^Service default\/web: healthCheckNodePort \d+ cannot be used: .*EADDRINUSE/,
  );
  await new Promise((resolve) => other.close(resolve));
  await servers.keep(checks);
  t.deepEqual(problems.current, []);
  t.is((await fetch(`http://127.0.0.1:${port}/`)).status, 200);
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
