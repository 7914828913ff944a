import test from 'ava';
import { explainError, ProductError, UsageError } from '../../src/net/errors.js';

test('an error is explained with all its causes', (t) => {
  const cause = new Error('permission denied');
  const error = new ProductError('ERR_PIDFILE', 'cannot write pidfile x', { cause });
  t.is(explainError(error), 'cannot write pidfile x: permission denied');
  t.is(explainError(new Error('a', { cause: new Error('b', { cause: 'c' }) })), 'a: b: c');
});

test('a list of errors without a message of its own is explained by its errors', (t) => {
  const refused = ['::1', '127.0.0.1'].map((host) => new Error(`connect ECONNREFUSED ${host}:6641`));
  const expected = 'connect ECONNREFUSED ::1:6641; connect ECONNREFUSED 127.0.0.1:6641';
  t.is(explainError(new AggregateError(refused)), expected);
  t.is(
    explainError(new Error('no database', { cause: new AggregateError(refused) })),
    `no database: ${expected}`,
  );
  t.is(explainError(new AggregateError(refused, 'no address answers')), 'no address answers');
});

test('a wrong option is a ProductError with its own code', (t) => {
  const error = new UsageError('--timeout=x: give a number');
  t.true(error instanceof ProductError);
  t.is(error.code, 'ERR_USAGE');
});
