import test from 'ava';
import { outlastFullDisk } from '../../src/nic/full_disk.js';
import { transactionError } from '../../src/ovsdb/errors.js';

const FULL = transactionError('make bridge', [
  { error: 'I/O error', details: 'conf.db: write failed', operation: undefined },
]);
const REFUSED = transactionError('make bridge', [
  { error: 'constraint violation', details: '', operation: undefined },
]);

test('a write is repeated until the disk has room', async (t) => {
  let tries = 0;
  await outlastFullDisk(5_000, async () => {
    tries++;
    if (tries < 3) throw FULL;
  });
  t.is(tries, 3);
});

test('the error of the full disk is thrown once the time is over', async (t) => {
  let tries = 0;
  const began = performance.now();
  const writing = outlastFullDisk(300, async () => {
    tries++;
    throw FULL;
  });
  await t.throwsAsync(writing, { is: FULL });
  t.true(tries >= 2, `${tries} tries`);
  t.true(performance.now() - began >= 300);
});

test('any other error is thrown at once', async (t) => {
  let tries = 0;
  const writing = outlastFullDisk(5_000, async () => {
    tries++;
    throw REFUSED;
  });
  await t.throwsAsync(writing, { is: REFUSED });
  t.is(tries, 1);
});
