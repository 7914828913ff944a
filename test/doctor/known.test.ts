import test from 'ava';
import { ask } from '../../src/doctor/known.js';

test('a question that fails or is late gives an unknown fact with the reason', async (t) => {
  t.deepEqual(await ask('x', 1_000, async () => 7), { isKnown: true, value: 7 });
  t.deepEqual(await ask('x', 20, () => new Promise(() => undefined)), {
    isKnown: false,
    why: 'x: no answer within 20 ms',
  });
  const failing = await ask('x', 1_000, async () => {
    throw new Error('outer', { cause: new Error('inner') });
  });
  t.deepEqual(failing, { isKnown: false, why: 'outer: inner' });
});
