import test, { type ExecutionContext } from 'ava';
import { until, when } from '../../lab/until.js';
import { SILENT } from '../../src/daemon/log.js';
import { Problems } from '../../src/daemon/problems.js';
import { KubeApi } from '../../src/kube/api.js';
import type { KubeObject } from '../../src/kube/objects.js';
import { Reflector } from '../../src/kube/reflector.js';
import { FakeApi, type Fault } from './fake_api.js';

interface Thing extends KubeObject {
  readonly value?: number;
}

/** Starts a reflector of a fake server; records the log, the problems as they change, and the notified keys. */
async function start(
  t: ExecutionContext,
  options: { idleMs?: number; openMs?: number; changed?: (key: string) => void } = {},
) {
  const server = await FakeApi.start();
  server.set('a', { value: 1 });
  server.set('b', { value: 1 });
  const stop = new AbortController();
  const logged: string[] = [];
  const problems: string[] = [];
  const notified: string[] = [];
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
      notified.push(key);
      options.changed?.(key);
    },
    log: { ...SILENT, warn: (line) => logged.push(line) },
    problems: new Problems({
      ...SILENT,
      warn: (line) => problems.push(line),
      info: (line) => problems.push(line),
    }),
    // The shortest waits: these tests are about whether it continues, not when.
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
  return { server, things, logged, problems, notified, has, watching };
}

const lists = ({ requests }: FakeApi) => requests.filter((request) => !request.includes('watch'));

test('it lists the existing objects, then follows added, changed and deleted ones', async (t) => {
  const { server, things, notified, has } = await start(t);
  server.set('c');
  await has('a', 'b', 'c');
  server.set('a', { value: 2 });
  await until('the change', () => when(things.objects.get('default/a')?.value === 2));
  server.remove('b');
  await has('a', 'c');
  t.deepEqual(notified, ['default/a', 'default/b', 'default/c', 'default/a', 'default/b']);
  t.is(lists(server).length, 1);
});

test('it reads a long list in pages', async (t) => {
  const { server, things, watching } = await start(t);
  // No watch is open while these objects are added, so only a list can have them.
  server.expired = Number.MAX_SAFE_INTEGER;
  server.endWatches();
  for (let i = 0; i < 1200; i++) server.set(`n${i}`);
  await until('all of them', () => when(things.objects.size === 1202));
  server.expired = 0;
  await watching();
  t.true(server.requests.filter((request) => request.includes('continue=')).length >= 2);
});

test('a watch asks for bookmarks and a limited time; the next continues at the last bookmark', async (t) => {
  const { server, watching } = await start(t);
  t.regex(server.requests.at(-1) ?? '', /allowWatchBookmarks=true&timeoutSeconds=(2[4-9]\d|3[0-5]\d|360)/);
  server.set('c');
  server.remove('c');
  server.bookmark();
  server.endWatches();
  await until('another watch', () => when(server.requests.length > 2));
  await watching();
  t.is(lists(server).length, 1, 'it did not list again');
  t.regex(server.requests.at(-1) ?? '', /resourceVersion=5\b/);
});

const FAULTS: readonly (readonly [name: string, where: 'list' | 'watch', fault: Fault])[] = [
  ['401', 'list', { status: 401 }],
  ['403', 'watch', { status: 403 }],
  ['500', 'list', { status: 500 }],
  ['503', 'watch', { status: 503 }],
  ['410 for a list', 'list', { status: 410 }],
  ['410 for a watch', 'watch', { status: 410 }],
  ['an answer that is not JSON', 'list', 'garbage'],
  ['a line that is not an event', 'watch', 'garbage'],
  ['a reset of a list', 'list', 'reset'],
  ['a reset of a watch', 'watch', 'reset'],
];
for (const [name, where, fault] of FAULTS) {
  test(`after ${name} it keeps what it has, reports a problem until it continues`, async (t) => {
    const { server, problems, has, things } = await start(t);
    server.faults[where].push(fault);
    server.expired = where === 'list' ? 3 : 0;
    server.endWatches();
    await until('the problem', () => when(things.problem !== undefined));
    t.deepEqual([...things.objects.keys()], ['default/a', 'default/b']);
    server.expired = 0;
    server.set('c');
    server.remove('a');
    await has('b', 'c');
    await until('the end of the problem', () => when(things.problem === undefined));
    t.true(
      problems.every((line) => line.includes(`${server.url}/api/v1/things`)),
      problems.join(),
    );
    t.regex(problems.at(-1) ?? '', /^no longer: /);
  });
}

test('it lists again and drops deleted objects if the version becomes too old during a watch', async (t) => {
  const { server, has, problems } = await start(t);
  server.expired = Number.MAX_SAFE_INTEGER;
  server.send({ type: 'ERROR', object: { code: 410, message: 'too old' } });
  server.remove('a');
  server.set('c');
  server.expired = 0;
  await has('b', 'c');
  t.regex(problems[0] ?? '', /too old/);
});

test('after a line that is not an event it lists everything again', async (t) => {
  const { server, has } = await start(t);
  server.send('{"type": "ADDED", "object":');
  server.set('c');
  await has('a', 'b', 'c');
  t.true(lists(server).length >= 2);
});

test('after a broken connection the watch continues at its version', async (t) => {
  const { server, has } = await start(t);
  server.reset();
  server.set('c');
  await has('a', 'b', 'c');
  t.is(lists(server).length, 1, 'it did not list again');
});

test('it gives up a connection that is silent for too long', async (t) => {
  const { server, problems } = await start(t, { idleMs: 100 });
  await until('another request', () => when(server.requests.length >= 4));
  t.regex(problems[0] ?? '', /nothing received for 100 ms$/);
});

test('it gives up a server that accepts a connection and stays silent, and continues at its version', async (t) => {
  const { server, problems, notified, has } = await start(t, { openMs: 100 });
  server.set('a', { value: 2 });
  await until('the change', () => when(notified.length === 3));
  server.faults.watch.push('silence');
  server.endWatches();
  await until('a problem', () => when(problems.length > 0));
  t.regex(problems[0] ?? '', /\/things: no answer: nothing received for 100 ms$/);
  server.set('c');
  await has('a', 'b', 'c');
  t.is(lists(server).length, 1, 'it did not list again');
});

test('a server that ends each watch at once is one problem until a watch lasts', async (t) => {
  const { server, problems, things } = await start(t);
  server.faults.watch.push('end', 'end', 'end');
  server.endWatches();
  await until('the faults to be over', () => when(server.faults.watch.length === 0));
  await until('the end of the problem', () => when(things.problem === undefined));
  const problem = `watch of ${server.url}/api/v1/things: ended as soon as it began`;
  t.deepEqual(problems, [problem, `no longer: ${problem}`]);
});

test('an exception of the listener is logged, and the listener still receives the other keys', async (t) => {
  const { server, has, logged, notified } = await start(t, {
    changed: (key) => {
      if (key === 'default/c') throw new Error('no c for me');
    },
  });
  server.set('c');
  server.set('d');
  await has('a', 'b', 'c', 'd');
  t.deepEqual(logged, ['/api/v1/things: default/c: no c for me']);
  t.deepEqual(notified.slice(-2), ['default/c', 'default/d']);
});
