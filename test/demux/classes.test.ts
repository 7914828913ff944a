import test from 'ava';
import { CLASSES, classId, classOfId, priorityOf } from '../../src/demux/classes.js';

test('class numbers count from 1, and 0 is not a class', (t) => {
  t.deepEqual(
    CLASSES.map(classId),
    CLASSES.map((_, index) => index + 1),
  );
  for (const name of CLASSES) t.is(classOfId(classId(name)), name);
  t.is(classOfId(0), undefined);
  t.is(classOfId(CLASSES.length + 1), undefined);
});

test('an earlier class has a higher priority, with room for rules ahead of a later one', (t) => {
  for (const [index, name] of CLASSES.slice(1).entries()) {
    const before = CLASSES[index] ?? name;
    t.true(priorityOf(before) > priorityOf(name) + 2, `${before} and ${name}`);
  }
  t.is(priorityOf('other'), 0);
});
