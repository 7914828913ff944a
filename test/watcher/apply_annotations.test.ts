import test from 'ava';
import { until, when } from '../../lab/until.js';
import { SILENT } from '../../src/daemon/log.js';
import { Problems } from '../../src/daemon/problems.js';
import { ApiError } from '../../src/kube/errors.js';
import { Annotator } from '../../src/watcher/apply_annotations.js';

interface Write {
  readonly path: string;
  readonly text: string;
  done(error?: Error): void;
}

/** An annotator whose requests end when the test says so. */
function start() {
  const stop = new AbortController();
  const writes: Write[] = [];
  const problems = new Problems(SILENT);
  const api = {
    patch: (path: string, patch: unknown) =>
      new Promise<void>((resolve, reject) => {
        const { metadata } = patch as { metadata: { annotations: { ovn: string } } };
        const done = (error?: Error) => (error === undefined ? resolve() : reject(error));
        writes.push({ path, text: metadata.annotations.ovn, done });
      }),
  };
  // The shortest waits: 320 ms if there was no answer, 640 ms after a refusal.
  const annotator = new Annotator({ api, problems, random: () => 0 });
  void annotator.run(stop.signal);
  return { annotator, writes, problems, stop };
}

const FAILED = new ApiError(0, 'PATCH', 'no answer');
const breath = () => new Promise((resolve) => setImmediate(resolve));

test('a wanted annotation is written once, to the path of its pod', async (t) => {
  const { annotator, writes } = start();
  annotator.want('ns/a pod', 'one');
  annotator.want('ns/a pod', 'one');
  t.deepEqual(
    writes.map(({ path, text }) => [path, text]),
    [['/api/v1/namespaces/ns/pods/a%20pod', 'one']],
  );
  writes[0]?.done();
  await breath();
  t.is(writes.length, 1);
});

test('at most 16 requests are under way; each that ends starts another', async (t) => {
  const { annotator, writes } = start();
  for (let i = 0; i < 20; i++) annotator.want(`ns/p${i}`, 'x');
  t.is(writes.length, 16);
  writes[3]?.done();
  await until('the next request', () => when(writes.length === 17));
  t.is(writes[16]?.path, '/api/v1/namespaces/ns/pods/p16');
});

test('a text that changes during a request is written after it', async (t) => {
  const { annotator, writes } = start();
  annotator.want('ns/p', 'old');
  annotator.want('ns/p', 'new');
  t.is(writes.length, 1);
  writes[0]?.done();
  await until('the second request', () => when(writes.length === 2));
  t.is(writes[1]?.text, 'new');
});

test('a request that fails is a problem until it is repeated with success, and holds up no other', async (t) => {
  const { annotator, writes, problems } = start();
  annotator.want('ns/bad', 'x');
  annotator.want('ns/good', 'x');
  writes[0]?.done(FAILED);
  writes[1]?.done();
  await until('the problem', () => when(problems.current.length > 0));
  t.deepEqual(problems.current, ['Pod ns/bad: PATCH: no answer']);
  annotator.want('ns/other', 'x');
  t.is(writes[2]?.path, '/api/v1/namespaces/ns/pods/other');
  await until('the repeated request', () => when(writes.length === 4));
  t.is(writes[3]?.path, '/api/v1/namespaces/ns/pods/bad');
  writes[3]?.done();
  await until('no problem', () => when(problems.current.length === 0));
});

test('a pod that the server does not know is forgotten without a problem', async (t) => {
  const { annotator, writes, problems } = start();
  annotator.want('ns/gone', 'x');
  writes[0]?.done(new ApiError(404, 'PATCH', 'not found'));
  await breath();
  t.deepEqual(problems.current, []);
  annotator.want('ns/gone', 'x');
  t.is(writes.length, 2, 'it is not wanted any more, so it can be wanted again');
});

test('a pod that is forgotten leaves no problem, also if its request fails later', async (t) => {
  const { annotator, writes, problems } = start();
  annotator.want('ns/one', 'x');
  writes[0]?.done(FAILED);
  await until('the problem', () => when(problems.current.length > 0));
  annotator.forget('ns/one');
  t.deepEqual(problems.current, []);
  annotator.want('ns/two', 'x');
  annotator.forget('ns/two');
  writes[1]?.done(FAILED);
  await breath();
  t.deepEqual(problems.current, []);
});

test('after the end nothing is written', async (t) => {
  const { annotator, writes, stop } = start();
  for (let i = 0; i < 17; i++) annotator.want(`ns/p${i}`, 'x');
  stop.abort();
  writes[0]?.done();
  annotator.want('ns/late', 'x');
  await breath();
  t.is(writes.length, 16);
});
