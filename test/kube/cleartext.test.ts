import type { lookup } from 'node:dns';
import test from 'ava';
import { keepOnThisHost } from '../../src/kube/cleartext.js';

/** Resolves every name to `addresses`. */
function resolver(...addresses: readonly string[]): typeof lookup {
  const found = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  return ((_name: string, _options: object, callback: (error: null, found: object[]) => void) =>
    callback(null, found)) as unknown as typeof lookup;
}

/** Returns what a connection to `localhost` gets from its lookup. */
function resolved(all: boolean, ...addresses: readonly string[]): unknown {
  const { lookup } = keepOnThisHost(new URL('http://localhost:8080'), 'the test', resolver(...addresses));
  let answer: unknown;
  lookup?.('localhost', { all }, (error, found, family) => {
    answer = error ?? [found, family];
  });
  return answer;
}

test('localhost is used with the addresses that it resolves to', (t) => {
  t.deepEqual(resolved(false, '::1', '127.0.0.1'), ['::1', 6]);
  t.deepEqual(resolved(true, '127.0.0.1'), [[{ address: '127.0.0.1', family: 4 }], undefined]);
});

test('localhost that resolves to another host gets no token', (t) => {
  for (const all of [false, true]) {
    const error = resolved(all, '127.0.0.1', '192.0.2.7');
    t.like(error, { code: 'ERR_CLEARTEXT' });
    t.regex(String(error), /would go to 192\.0\.2\.7 over http/);
  }
  t.like(resolved(true), { code: 'ERR_CLEARTEXT' });
});

test('https:// needs no lookup of its own', (t) => {
  t.deepEqual(keepOnThisHost(new URL('https://192.0.2.1'), 'the test'), {});
});
