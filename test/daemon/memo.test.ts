import test from 'ava';
import { Memo } from '../../src/daemon/memo.js';

test('the same inputs return the same object, other inputs a new one', (t) => {
  const memo = new Memo((a: object, b: number) => ({ a, b }));
  const a = {};
  const first = memo.get(a, 1);
  t.is(memo.get(a, 1), first);
  t.not(memo.get({}, 1), first);
  t.deepEqual(memo.get(a, 2), { a, b: 2 });
});
