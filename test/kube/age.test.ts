import test from 'ava';
import { byAge, createdMs } from '../../src/kube/age.js';

test('the older claimant sorts first, whatever its key', (t) => {
  const [old, young] = [
    { key: 'default/z', createdMs: 1_000 },
    { key: 'default/a', createdMs: 2_000 },
  ];
  t.deepEqual([young, old].sort(byAge), [old, young]);
  t.deepEqual([old, young].sort(byAge), [old, young]);
});

test('of two claimants as old as each other the one with the lower key sorts first', (t) => {
  const [a, b] = [
    { key: 'default/a', createdMs: 1_000 },
    { key: 'default/b', createdMs: 1_000 },
  ];
  t.deepEqual([b, a].sort(byAge), [a, b]);
  t.deepEqual([a, b].sort(byAge), [a, b]);
  t.is(byAge(a, { ...a }), 0);
});

test('the age of an object is its creationTimestamp; an object without one is the oldest', (t) => {
  t.is(createdMs({ metadata: { creationTimestamp: '2026-01-02T03:04:05Z' } }), 1_767_323_045_000);
  t.is(createdMs({ metadata: { creationTimestamp: new Date(5_000) } }), 5_000);
  t.is(createdMs({}), 0);
});
