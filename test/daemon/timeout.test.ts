import test from 'ava';
import { readMilliseconds } from '../../src/daemon/timeout.js';
import { UsageError } from '../../src/net/errors.js';

test('--timeout is in seconds', (t) => {
  t.is(readMilliseconds('0.5'), 500);
  for (const wrong of ['', '0', '-1', 'x', '1e9', 'Infinity']) {
    t.throws(() => readMilliseconds(wrong), { instanceOf: UsageError });
  }
});
