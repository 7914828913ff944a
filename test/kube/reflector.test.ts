import { gzipSync } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import { until, when } from '../../lab/until.js';
import { SILENT } from '../../src/daemon/log.js';
import { Problems } from '../../src/daemon/problems.js';
import { KubeApi } from '../../src/kube/api.js';
import { Reflector, type ReflectorOptions } from '../../src/kube/reflector.js';
import { fields, type Kept, text } from '../../src/kube/shape.js';
import { FakeApi, type Fault } from './fake_api.js';

const THING = fields({
  metadata: fields({ name: text, namespace: text, resourceVersion: text }),
  value: (value: unknown) => value,
});
type Thing = Kept<typeof THING>;

/** Starts a reflector of a fake server; records the log, the problems as they change, and the notified keys. */
async function start(
  t: ExecutionContext,
  options: Pick<ReflectorOptions<Thing>, 'idleMs' | 'listMs' | 'now'> & {
    openMs?: number;
    changed?: (key: string) => void;
  } = {},
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
    shape: THING,
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
    ...(options.listMs === undefined ? {} : { listMs: options.listMs }),
    ...(options.now === undefined ? {} : { now: options.now }),
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
  let now = 0;
  const { server, things, watching } = await start(t, { now: () => now });
  t.regex(server.requests.at(-1) ?? '', /allowWatchBookmarks=true&timeoutSeconds=(2[4-9]\d|3[0-5]\d|360)/);
  server.set('c');
  server.remove('c');
  server.set('d');
  await until('the object', () => when(things.objects.has('default/d')));
  server.bookmark();
  now = 300_000;
  server.endWatches();
  await until('another watch', () => when(server.requests.length > 2));
  await watching();
  t.is(lists(server).length, 1, 'it did not list again');
  t.regex(server.requests.at(-1) ?? '', /resourceVersion=6\b/);
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

test('after a broken connection it lists again, as the server may have gone back to a backup', async (t) => {
  const { server, has } = await start(t);
  server.reset();
  server.set('c');
  await has('a', 'b', 'c');
  t.true(lists(server).length >= 2);
});

test('it gives up a connection that is silent for too long', async (t) => {
  const { server, problems } = await start(t, { idleMs: 100 });
  await until('another request', () => when(server.requests.length >= 4));
  t.regex(problems[0] ?? '', /no event received for 100 ms$/);
});

test('it gives up a server that accepts a connection and stays silent, and lists again', async (t) => {
  const { server, problems, notified, has } = await start(t, { openMs: 100 });
  server.set('a', { value: 2 });
  await until('the change', () => when(notified.length === 3));
  server.faults.watch.push('silence');
  server.endWatches();
  await until('a problem', () => when(problems.length > 0));
  t.regex(problems[0] ?? '', /\/things: no answer: nothing received for 100 ms$/);
  server.set('c');
  await has('a', 'b', 'c');
});

const RESTORES: readonly (readonly [name: string, away: (server: FakeApi) => void])[] = [
  ['after it broke all watches', (server) => server.reset()],
  ['after it did not answer', (server) => server.faults.watch.push('reset') && server.reset()],
  ['after it ended all watches', (server) => server.endWatches()],
];
for (const [name, away] of RESTORES)
  for (const [distance, rounds, later] of [
    ['a lot', 1_000, 0],
    ['a little', 10, 100],
  ] as const)
    test(`it has what the server has if versions go back ${distance} ${name}`, async (t) => {
      const { server, things, has, problems } = await start(t);
      server.remove('b');
      for (let i = 0; i < rounds; i++) server.set('busy', { value: i });
      await until('the last change', () => when(things.objects.get('default/busy')?.value === rounds - 1));
      server.restore(5);
      for (const name of ['b', 'busy']) server.set(name, { value: -1 });
      for (let i = 0; i < later; i++) server.set('busy', { value: -2 });
      away(server);
      server.set('c');
      await has('b', 'busy', 'c');
      t.is(things.objects.get('default/busy')?.value, later === 0 ? -1 : -2);
      await until('no problem', () => when(things.problem === undefined));
      t.log(problems);
    });

test('an object whose version means another state after versions went back is replaced', async (t) => {
  const { server, things } = await start(t);
  const { resourceVersion } = things.objects.get('default/b')?.metadata ?? {};
  server.set('z');
  await until('the last object', () => when(things.objects.size === 3));
  server.restore(Number(resourceVersion) - 1);
  server.set('b', { value: 9 });
  server.endWatches();
  await until('the other state', () => when(things.objects.get('default/b')?.value === 9));
  t.is(things.objects.get('default/b')?.metadata?.resourceVersion, resourceVersion);
});

const EXCESSES: readonly (readonly [name: string, fault: Fault, says: RegExp])[] = [
  [
    'a list whose pages never end',
    page((n) => n + 1),
    /the list (has no end: page 1000 names another one|did not end within 2000 ms, after \d+ pages)$/,
  ],
  ['a page that names itself as the next', page(() => 7), /the list has no end: page 2 names another one$/],
  [
    'a page of 40 MiB',
    (response) => response.end(Buffer.alloc(40 * 1024 * 1024, ' ')),
    /the answer has more than 33554432 bytes$/,
  ],
  [
    'a page that nests deeply',
    (response) => response.end('['.repeat(200_000)),
    /nests more than 100 levels$/,
  ],
  [
    'a page of empty objects',
    (response) => response.end('{},'.repeat(2_000_000)),
    /has more than 400000 values$/,
  ],
  [
    'a compressed page',
    (response) => response.setHeader('content-encoding', 'gzip').end(gzipSync(Buffer.alloc(40_000_000))),
    /the answer is compressed \(gzip\)$/,
  ],
  [
    'a header of 100 KB',
    (response) => response.setHeader('x', 'y'.repeat(100_000)).end('{}'),
    /Header overflow/i,
  ],
  [
    'a page octet by octet',
    (response) => {
      const timer = setInterval(() => response.write(' '), 10);
      response.on('close', () => clearInterval(timer));
    },
    /the list did not end within 2000 ms, after 0 pages$/,
  ],
];
for (const [name, fault, says] of EXCESSES)
  test(`${name} is reported and not read to its end; it keeps what it has`, async (t) => {
    const { server, things, has } = await start(t, { listMs: 2_000 });
    server.faults.list.push(...Array<Fault>(2_000).fill(fault));
    server.endWatches();
    await until('the problem', () => when(says.test(things.problem ?? '')), 20_000);
    t.deepEqual([...things.objects.keys()], ['default/a', 'default/b']);
    server.faults.list.length = 0;
    server.set('c');
    await has('a', 'b', 'c');
    await until('the end of the problem', () => when(things.problem === undefined));
  });

/** Answers a list with one object, and the number of a page that follows. */
function page(next: (page: number) => number): Fault {
  return (response, url) => {
    const here = Number(url.searchParams.get('continue') ?? 0);
    const items = [{ metadata: { name: `p${here}`, resourceVersion: '1' } }];
    response.end(JSON.stringify({ metadata: { resourceVersion: '1', continue: String(next(here)) }, items }));
  };
}

for (const item of [null, 7, {}, { metadata: {} }, { metadata: { name: '' } }, { metadata: { name: 'a/b' } }])
  test(`a list with an object that cannot be named is refused: ${JSON.stringify(item)}`, async (t) => {
    const { server, things } = await start(t);
    server.faults.list.push((response) =>
      response.end(JSON.stringify({ metadata: { resourceVersion: '9' }, items: [item] })),
    );
    server.endWatches();
    await until('the problem', () => when(/an object of the list has no name$/.test(things.problem ?? '')));
    t.is(things.objects.size, 2);
  });

test('objects of a watch that would take too much memory are refused; what was known stays', async (t) => {
  const { server, things, problems } = await start(t);
  const value = 'x'.repeat(3 * 1024 * 1024);
  let i = 0;
  await until('the problem', () => {
    server.send({ type: 'ADDED', object: { value, metadata: { name: `big${i++}`, resourceVersion: '9' } } });
    return when(things.problem !== undefined || problems.length > 0);
  });
  t.regex(problems[0] ?? '', /the objects take more than \d+ MiB of memory$/);
  await until('the list', () => when(things.objects.size === 2));
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

test('a server that ends each watch after one event is asked less and less often', async (t) => {
  const { server, things } = await start(t);
  let version = 1_000;
  const oneEvent: Fault = (response) => {
    const metadata = { name: 'c', namespace: 'default', resourceVersion: String(version++) };
    response.writeHead(200).end(`${JSON.stringify({ type: 'ADDED', object: { metadata } })}\n`);
  };
  server.faults.watch.push(...Array<Fault>(5_000).fill(oneEvent));
  server.endWatches();
  await until('an event', () => when(things.objects.has('default/c')));
  const end = performance.now() + 3_000;
  await until('the end of three seconds', () => when(performance.now() > end));
  const watches = 5_000 - server.faults.watch.length;
  t.true(watches >= 3 && watches <= 8, `${watches} watches`);
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
