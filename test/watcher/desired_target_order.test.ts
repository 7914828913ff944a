import test from 'ava';
import fc from 'fast-check';
import { keepPositions } from '../../src/watcher/desired_target_order.js';

const order = (before: string, after: string) =>
  keepPositions([...before].join(), [...after].join()).replaceAll(',', '');

test('destinations keep their positions: a new one follows, or takes the place of one that left', (t) => {
  t.is(order('', 'abc'), 'abc');
  t.is(order('abc', 'cab'), 'abc');
  t.is(order('abc', 'xabc'), 'abcx');
  t.is(order('abcd', 'acdx'), 'axcd');
});

test('the last destinations move to places that stay free', (t) => {
  t.is(order('abcde', 'acde'), 'aecd');
  t.is(order('abcde', 'abcd'), 'abcd');
  t.is(order('abcde', 'de'), 'ed');
  t.is(order('abc', ''), '');
});

test('the result has every destination once, moves no more than what left, and is kept when it is asked again', (t) => {
  const list = fc.uniqueArray(fc.integer({ min: 0, max: 30 }).map(String), { maxLength: 20 });
  fc.assert(
    fc.property(list, list, (before, after) => {
      const text = keepPositions(before.join(), after.join());
      const found = text === '' ? [] : text.split(',');
      t.deepEqual(found.toSorted(), after.toSorted());
      const left = before.filter((one) => !after.includes(one)).length;
      const stayed = before.filter((one) => after.includes(one));
      const moved = stayed.filter((one) => found.indexOf(one) !== before.indexOf(one)).length;
      t.true(moved <= left, `${before} became ${found}`);
      t.is(keepPositions(text, after.join()), text);
    }),
  );
});

test('a row that lists a destination twice, as somebody wrote it, has it once', (t) => {
  t.is(order('abab', 'ab'), 'ab');
});
