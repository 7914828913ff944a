import test from 'ava';
import { EndpointIndex } from '../../src/kube/endpoint_index.js';

function endpoint(ip: string) {
  return { ip, port: 1, portName: '', protocol: 'TCP', node: undefined, state: 'ready' as const };
}

function start() {
  const changed: string[] = [];
  const index = new EndpointIndex((service) => changed.push(service));
  const ips = (service: string) => index.of(service).map(({ ip }) => ip);
  return { index, changed, ips };
}

test('the endpoints of a service come from all its slices, in the order of their names', (t) => {
  const { index, ips } = start();
  index.put('d/web-2', 'd/web', [endpoint('2')]);
  index.put('d/web-1', 'd/web', [endpoint('1'), endpoint('3')]);
  t.deepEqual(ips('d/web'), ['1', '3', '2']);
  t.deepEqual(ips('d/other'), []);
});

test('a slice that changes its service changes both services', (t) => {
  const { index, changed, ips } = start();
  index.put('d/web-1', 'd/web', [endpoint('1')]);
  index.put('d/web-2', 'd/web', [endpoint('2')]);
  changed.length = 0;
  index.put('d/web-1', 'd/other', [endpoint('1')]);
  t.deepEqual(ips('d/web'), ['2']);
  t.deepEqual(ips('d/other'), ['1']);
  t.deepEqual(changed, ['d/web', 'd/other']);
});

test('a slice that is replaced loses its old endpoints', (t) => {
  const { index, changed, ips } = start();
  index.put('d/web-1', 'd/web', [endpoint('1')]);
  index.put('d/web-1', 'd/web', [endpoint('2')]);
  t.deepEqual(ips('d/web'), ['2']);
  t.deepEqual(changed, ['d/web', 'd/web']);
});

test('a slice that is gone, or has no service any more, leaves its service without endpoints', (t) => {
  const { index, changed, ips } = start();
  index.put('d/web-1', 'd/web', [endpoint('1')]);
  index.put('d/web-1', undefined, []);
  t.deepEqual(ips('d/web'), []);
  t.deepEqual(changed, ['d/web', 'd/web']);
  index.put('d/never', undefined, [endpoint('1')]);
  t.deepEqual(changed, ['d/web', 'd/web']);
});

test('the services that have an endpoint at an address are found', (t) => {
  const { index } = start();
  index.put('d/web-1', 'd/web', [endpoint('1'), endpoint('2')]);
  index.put('d/other-1', 'd/other', [endpoint('2')]);
  index.put('d/third-1', 'd/third', [endpoint('3')]);
  t.deepEqual([...index.servicesAt(new Set(['2']))], ['d/web', 'd/other']);
  t.deepEqual([...index.servicesAt(new Set(['9']))], []);
});
