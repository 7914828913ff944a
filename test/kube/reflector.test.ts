import test, { type ExecutionContext } from 'ava';
import { until, when } from '../../lab/until.js';
import { KubeApi } from '../../src/kube/api.js';
import type { KubeObject } from '../../src/kube/objects.js';
import { Reflector } from '../../src/kube/reflector.js';
import { FakeApi, type Fault } from './fake_api.js';

interface Thing extends KubeObject {
  readonly value?: number;
}

/** A reflector of a fake server, with what it said and told. */
async function start(
  t: ExecutionContext,
  options: { idleMs?: number; openMs?: number; changed?: (key: string) => void } = {},
) {
  const server = await FakeApi.start();
  server.set('a', { value: 1 });
  server.set('b', { value: 1 });
  const stop = new AbortController();
  const said: string[] = [];
  const told: string[] = [];
  const access = {
    server: new URL(server.url),
    source: 'the test',
    fingerprint: '',
    options: async () => ({}),
  };
  const api = new KubeApi(access, options.openMs === undefined ? {} : { openMs: options.openMs });
  const things = new Reflector<Thing>({
    api,
    path: '/api/v1/things',
    changed: (key) => {
      told.push(key);
      options.changed?.(key);
    },
    log: { info: (line) => said.push(line), warn: (line) => said.push(line) },
    // Of each wait the shortest: what is tested is that it goes on, not when.
    random: () => 0,
    ...(options.idleMs === undefined ? {} : { idleMs: options.idleMs }),
  });
  const running = things.run(stop.signal);
  t.teardown(async () => {
    stop.abort();
    await running;
    api.close();
    server.close();
  });
  const names = () => [...things.objects.keys()].map((key) => key.replace('default/', '')).toSorted();
  const has = (...expected: readonly string[]) =>
    until(`exactly ${expected.join(', ')}`, () => when(names().join() === expected.join()));
  const watching = () => until('a watch', () => when(server.openWatches > 0));
  await has('a', 'b');
  await watching();
  return { server, things, said, told, has, watching };
}

test('what is there is listed, and what comes, changes and goes is followed', async (t) => {
  const { server, things, told, has } = await start(t);
  server.set('c');
  await has('a', 'b', 'c');
  server.set('a', { value: 2 });
  await until('the change', () => when(things.objects.get('default/a')?.value === 2));
  server.remove('b');
  await has('a', 'c');
  t.deepEqual(told, ['default/a', 'default/b', 'default/c', 'default/a', 'default/b']);
  t.is(server.requests.filter((request) => !request.includes('watch')).length, 1);
});

test('a long list comes in pages', async (t) => {
  const { server, things, watching } = await start(t);
  // No watch is open while they come: they can be known from a list only.
  server.expired = Number.MAX_SAFE_INTEGER;
  server.endWatches();
  for (let i = 0; i < 1200; i++) server.set(`n${i}`);
  await until('all of them', () => when(things.objects.size === 1202));
  server.expired = 0;
  await watching();
  t.true(server.requests.filter((request) => request.includes('continue=')).length >= 2);
});

test('a watch asks for bookmarks and an end, and goes on from the last bookmark', async (t) => {
  const { server, watching } = await start(t);
  t.regex(server.requests.at(-1) ?? '', /allowWatchBookmarks=true&timeoutSeconds=(2[4-9]\d|3[0-5]\d|360)/);
  server.set('c');
  server.remove('c');
  server.bookmark();
  server.endWatches();
  await until('another watch', () => when(server.requests.length > 2));
  await watching();
  const lists = server.requests.filter((request) => !request.includes('watch'));
  t.is(lists.length, 1, 'it did not list again');
  t.regex(server.requests.at(-1) ?? '', /resourceVersion=5\b/);
});

const FAULTS: readonly (readonly [name: string, where: 'list' | 'watch', fault: Fault])[] = [
  ['401', 'list', { status: 401 }],
  ['403', 'watch', { status: 403 }],
  ['500', 'list', { status: 500 }],
  ['503', 'watch', { status: 503 }],
  ['410 for a list', 'list', { status: 410 }],
  ['410 for a watch', 'watch', { status: 410 }],
  ['no JSON', 'list', 'garbage'],
  ['no event', 'watch', 'garbage'],
  ['a reset', 'list', 'reset'],
  ['a reset of a watch', 'watch', 'reset'],
];
for (const [name, where, fault] of FAULTS) {
  test(`after ${name} it goes on, says so once, and what was known stayed`, async (t) => {
    const { server, said, has, things } = await start(t);
    server.faults[where].push(fault);
    server.expired = where === 'list' ? 3 : 0;
    server.endWatches();
    await until('the fault', () => when(said.length > 0));
    t.deepEqual([...things.objects.keys()], ['default/a', 'default/b']);
    server.expired = 0;
    server.set('c');
    server.remove('a');
    await has('b', 'c');
    await until('that it is over', () => when(said.length >= 2));
    t.regex(said.at(-1) ?? '', /heard again$/);
  });
}

test('a version that is too old, in the middle of a watch, is listed again with what is gone', async (t) => {
  const { server, has, said } = await start(t);
  server.expired = Number.MAX_SAFE_INTEGER;
  server.send({ type: 'ERROR', object: { code: 410, message: 'too old' } });
  server.remove('a');
  server.set('c');
  server.expired = 0;
  await has('b', 'c');
  t.regex(said[0] ?? '', /too old/);
});

test('a line that is no event is not passed over: everything is listed again', async (t) => {
  const { server, has } = await start(t);
  server.send('{"type": "ADDED", "object":');
  server.set('c');
  await has('a', 'b', 'c');
  t.true(server.requests.filter((request) => !request.includes('watch')).length >= 2);
});

test('a connection that breaks is gone on with from where it was', async (t) => {
  const { server, has } = await start(t);
  server.reset();
  server.set('c');
  await has('a', 'b', 'c');
  t.is(server.requests.filter((request) => !request.includes('watch')).length, 1, 'it did not list again');
});

test('a connection on which nothing is heard any more is given up', async (t) => {
  const { server, said } = await start(t, { idleMs: 100 });
  await until('another request', () => when(server.requests.length >= 4));
  t.regex(said[0] ?? '', /nothing heard for 100 ms; what is known stays in force/);
});

test('a server that takes a connection and says nothing is given up, and gone on with where it was', async (t) => {
  const { server, said, told, has } = await start(t, { openMs: 100 });
  server.set('a', { value: 2 });
  await until('the change', () => when(told.length === 3));
  server.faults.watch.push('silence');
  server.endWatches();
  await until('a word', () => when(said.length > 0));
  t.regex(said[0] ?? '', /\/things: no answer: nothing heard for 100 ms; what is known stays in force/);
  server.set('c');
  await has('a', 'b', 'c');
  t.is(server.requests.filter((request) => !request.includes('watch')).length, 1, 'it did not list again');
});

test('a listener that throws is said, and the others are told all the same', async (t) => {
  const { server, has, said } = await start(t, {
    changed: (key) => {
      if (key === 'default/c') throw new Error('no c for me');
    },
  });
  server.set('c');
  server.set('d');
  await has('a', 'b', 'c', 'd');
  t.deepEqual(said, ['/api/v1/things: default/c: no c for me']);
});
