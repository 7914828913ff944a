import { once } from 'node:events';
import test from 'ava';
import { until, when } from '../../lab/until.js';
import type { ApiAccess } from '../../src/kube/access.js';
import { whileReached } from '../../src/kube/reached.js';

const accessOf = (fingerprint: string): ApiAccess => ({
  server: new URL('http://127.0.0.1'),
  source: 'a test',
  fingerprint,
  options: async () => ({}),
});

/** Runs `whileReached` on an access that the test can change; records what it does. */
function start(first: () => Promise<ApiAccess | undefined>) {
  const stop = new AbortController();
  const at = { find: first, isAnswering: false, finds: 0, asked: 0 };
  const followed: string[] = [];
  const failures: unknown[] = [];
  const done = whileReached(
    {
      find: () => {
        at.finds += 1;
        return at.find();
      },
      isAnswering: () => {
        at.asked += 1;
        return at.isAnswering;
      },
      failed: (error) => failures.push(error),
      signal: stop.signal,
      retryMs: 1,
    },
    async ({ fingerprint }, signal) => {
      followed.push(fingerprint);
      if (!signal.aborted) await once(signal, 'abort');
    },
  );
  return { at, stop, followed, failures, done };
}

const SEVERAL = 5;

test('another access is followed instead of a silent one; the same access is left alone', async (t) => {
  const { at, stop, followed, done } = start(async () => accessOf('old'));
  await until('several finds', () => when(at.finds > SEVERAL));
  t.deepEqual(followed, ['old']);
  at.find = async () => accessOf('new');
  await until('the new access to be followed', () => when(followed.length > 1));
  stop.abort();
  await done;
  t.deepEqual(followed, ['old', 'new']);
});

test('while the server answers no other access is looked for', async (t) => {
  const { at, stop, followed, done } = start(async () => accessOf('old'));
  at.isAnswering = true;
  at.find = async () => accessOf('new');
  await until('several checks of the server', () => when(at.asked > SEVERAL));
  t.is(at.finds, 1);
  t.deepEqual(followed, ['old']);
  at.isAnswering = false;
  await until('the new access to be followed', () => when(followed.length > 1));
  stop.abort();
  await done;
  t.deepEqual(followed, ['old', 'new']);
});

test('a find that fails is reported and repeated; it does not end what is followed', async (t) => {
  const broken = new Error('half written');
  const { at, stop, followed, failures, done } = start(() => Promise.reject(broken));
  await until('two reports', () => when(failures.length > 1));
  t.is(failures[0], broken);
  at.find = async () => accessOf('old');
  await until('the access to be followed', () => when(followed.length > 0));
  const reported = failures.length;
  at.find = () => Promise.reject(broken);
  const { finds } = at;
  await until('several more finds', () => when(at.finds > finds + SEVERAL));
  stop.abort();
  await done;
  t.is(failures.length, reported);
  t.deepEqual(followed, ['old']);
});

test('it ends where no server is configured, and when its signal is aborted', async (t) => {
  const { at, followed, done } = start(async () => undefined);
  await done;
  t.is(at.finds, 1);
  t.deepEqual(followed, []);
  const { stop, failures, done: ended } = start(() => Promise.reject(new Error('not there')));
  await until('a report', () => when(failures.length > 0));
  stop.abort();
  await ended;
  const reported = failures.length;
  await new Promise((resolve) => setImmediate(resolve));
  t.is(failures.length, reported);
});
