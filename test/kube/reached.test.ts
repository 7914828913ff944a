import { once } from 'node:events';
import test from 'ava';
import { until, when } from '../../lab/until.js';
import type { ApiAccess } from '../../src/kube/access.js';
import { whileReached } from '../../src/kube/reached.js';

const wayOf = (fingerprint: string): ApiAccess => ({
  server: new URL('http://127.0.0.1'),
  source: 'a test',
  fingerprint,
  options: async () => ({}),
});

/** A way in that can be changed, and what was done by it. */
function start(first: () => Promise<ApiAccess | undefined>) {
  const stop = new AbortController();
  const at = { find: first, isHeard: false, looks: 0, asked: 0 };
  const followed: string[] = [];
  const failures: unknown[] = [];
  const done = whileReached(
    {
      find: () => {
        at.looks += 1;
        return at.find();
      },
      isHeard: () => {
        at.asked += 1;
        return at.isHeard;
      },
      failed: (error) => failures.push(error),
      signal: stop.signal,
      lookMs: 1,
    },
    async ({ fingerprint }, signal) => {
      followed.push(fingerprint);
      if (!signal.aborted) await once(signal, 'abort');
    },
  );
  return { at, stop, followed, failures, done };
}

const SOME_LOOKS = 5;

test('a way that is another is followed instead, the same one is left alone', async (t) => {
  const { at, stop, followed, done } = start(async () => wayOf('old'));
  await until('it is looked for', () => when(at.looks > SOME_LOOKS));
  t.deepEqual(followed, ['old']);
  at.find = async () => wayOf('new');
  await until('the new one is followed', () => when(followed.length > 1));
  stop.abort();
  await done;
  t.deepEqual(followed, ['old', 'new']);
});

test('while the server is heard nothing is looked for', async (t) => {
  const { at, stop, followed, done } = start(async () => wayOf('old'));
  at.isHeard = true;
  at.find = async () => wayOf('new');
  await until('it is asked whether', () => when(at.asked > SOME_LOOKS));
  t.is(at.looks, 1);
  at.isHeard = false;
  await until('the new one is followed', () => when(followed.length > 1));
  stop.abort();
  await done;
});

test('what cannot be found is told and looked for again, and ends nothing that is followed', async (t) => {
  const broken = new Error('half written');
  const { at, stop, followed, failures, done } = start(() => Promise.reject(broken));
  await until('it was told twice', () => when(failures.length > 1));
  t.is(failures[0], broken);
  at.find = async () => wayOf('old');
  await until('it is followed', () => when(followed.length > 0));
  const told = failures.length;
  at.find = () => Promise.reject(broken);
  const { looks } = at;
  await until('it is looked for', () => when(at.looks > looks + SOME_LOOKS));
  stop.abort();
  await done;
  t.is(failures.length, told);
  t.deepEqual(followed, ['old']);
});

test('where nobody says where a server is, and when told to, it ends', async (t) => {
  const { followed, done } = start(async () => undefined);
  await done;
  t.deepEqual(followed, []);
  const { stop, done: ended } = start(() => Promise.reject(new Error('not there')));
  stop.abort();
  await t.notThrowsAsync(ended);
});
