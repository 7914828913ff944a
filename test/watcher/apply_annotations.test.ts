import test from 'ava';
import { until, when } from '../../lab/until.js';
import { SILENT } from '../../src/daemon/log.js';
import { Problems } from '../../src/daemon/problems.js';
import { ApiError } from '../../src/kube/errors.js';
import { Annotator } from '../../src/watcher/apply_annotations.js';

interface Write {
  readonly path: string;
  readonly uid: string;
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
        const { metadata } = patch as { metadata: { uid: string; annotations: { ovn: string } } };
        const done = (error?: Error) => (error === undefined ? resolve() : reject(error));
        writes.push({ path, uid: metadata.uid, text: metadata.annotations.ovn, done });
      }),
  };
  // The shortest waits: 320 ms if there was no answer, 640 ms after a refusal.
  const annotator = new Annotator({ api, problems, random: () => 0 });
  void annotator.run(stop.signal);
  const want = (key: string, text: string, uid = 'u1') => annotator.want(key, { uid, text });
  return { annotator, want, writes, problems, stop };
}

const FAILED = new ApiError(0, 'PATCH', 'no answer');
const breath = () => new Promise((resolve) => setImmediate(resolve));

test('a wanted annotation is written once, to the status of its pod, and only if the pod has this UID', async (t) => {
  const { want, writes } = start();
  want('ns/a pod', 'one');
  want('ns/a pod', 'one');
  t.deepEqual(
    writes.map(({ path, text, uid }) => [path, text, uid]),
    [['/api/v1/namespaces/ns/pods/a%20pod/status', 'one', 'u1']],
  );
  writes[0]?.done();
  await breath();
  t.is(writes.length, 1);
});

test('at most 16 requests are under way; each that ends starts another', async (t) => {
  const { want, writes } = start();
  for (let i = 0; i < 20; i++) want(`ns/p${i}`, 'x');
  t.is(writes.length, 16);
  writes[3]?.done();
  await until('the next request', () => when(writes.length === 17));
  t.is(writes[16]?.path, '/api/v1/namespaces/ns/pods/p16/status');
});

test('a text that changes during a request is written after it', async (t) => {
  const { want, writes } = start();
  want('ns/p', 'old');
  want('ns/p', 'new');
  t.is(writes.length, 1);
  writes[0]?.done();
  await until('the second request', () => when(writes.length === 2));
  t.is(writes[1]?.text, 'new');
});

test('a request that fails is a problem until it is repeated with success, and holds up no other', async (t) => {
  const { want, writes, problems } = start();
  want('ns/bad', 'x');
  want('ns/good', 'x');
  writes[0]?.done(FAILED);
  writes[1]?.done();
  await until('the problem', () => when(problems.current.length > 0));
  t.deepEqual(problems.current, ['Pod ns/bad: PATCH: no answer']);
  want('ns/other', 'x');
  t.is(writes[2]?.path, '/api/v1/namespaces/ns/pods/other/status');
  await until('the repeated request', () => when(writes.length === 4));
  t.is(writes[3]?.path, '/api/v1/namespaces/ns/pods/bad/status');
  writes[3]?.done();
  await until('no problem', () => when(problems.current.length === 0));
});

for (const [status, what, why] of [
  [404, 'does not know', 'pods "gone" not found'],
  [409, 'has under another UID', 'Precondition failed: UID in precondition: u1, UID in object meta: u2'],
  [
    422,
    'has under another UID, before Kubernetes 1.21,',
    'metadata.uid: Invalid value: "u1": field is immutable',
  ],
] as const)
  test(`a pod that the server ${what} is forgotten without a problem`, async (t) => {
    const { want, writes, problems } = start();
    want('ns/gone', 'x');
    writes[0]?.done(new ApiError(status, 'PATCH', why));
    await breath();
    t.deepEqual(problems.current, []);
    want('ns/gone', 'x');
    t.is(writes.length, 2, 'it is not wanted any more, so it can be wanted again');
  });

test('what a new pod of the same name must have is written after the refusal of the old', async (t) => {
  const { want, writes, problems } = start();
  want('ns/p', 'old', 'u1');
  want('ns/p', 'new', 'u2');
  writes[0]?.done(new ApiError(409, 'PATCH', 'no'));
  await until('the second request', () => when(writes.length === 2));
  t.like(writes[1], { uid: 'u2', text: 'new' });
  t.deepEqual(problems.current, []);
});

test('a pod that is forgotten leaves no problem, also if its request fails later', async (t) => {
  const { annotator, want, writes, problems } = start();
  want('ns/one', 'x');
  writes[0]?.done(FAILED);
  await until('the problem', () => when(problems.current.length > 0));
  annotator.forget('ns/one');
  t.deepEqual(problems.current, []);
  want('ns/two', 'x');
  annotator.forget('ns/two');
  writes[1]?.done(FAILED);
  await breath();
  t.deepEqual(problems.current, []);
});

test('after the end nothing is written', async (t) => {
  const { want, writes, stop } = start();
  for (let i = 0; i < 17; i++) want(`ns/p${i}`, 'x');
  stop.abort();
  writes[0]?.done();
  want('ns/late', 'x');
  await breath();
  t.is(writes.length, 16);
});

test('another refusal of a patch as invalid is a problem', async (t) => {
  const { want, writes, problems } = start();
  want('ns/p', 'x');
  writes[0]?.done(new ApiError(422, 'PATCH', 'metadata.annotations: Too long'));
  await until('the problem', () => when(problems.current.length > 0));
  t.regex(problems.current[0] ?? '', /^Pod ns\/p: PATCH: metadata\.annotations: Too long/);
});
