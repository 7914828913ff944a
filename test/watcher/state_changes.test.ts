import test from 'ava';
import { Changes } from '../../src/watcher/state_changes.js';

const make = () => new Changes(() => undefined);

test('marks are taken once; many marks of one object are one', (t) => {
  const changes = make();
  changes.markService('default/web');
  changes.markService('default/web');
  changes.markAnnotation('default/one');
  t.deepEqual([...changes.takeServices()], ['default/web']);
  t.deepEqual([...changes.takeServices()], []);
  t.deepEqual([...changes.takeAnnotations()], ['default/one']);
  t.deepEqual([...changes.takeAnnotations()], []);
});

test('pods are taken in parts, in the order of their marks', (t) => {
  const changes = make();
  for (const key of ['c', 'a', 'b', 'a']) changes.markPod(key);
  t.deepEqual(changes.takePods(2), ['c', 'a']);
  t.true(changes.hasPods);
  t.deepEqual(changes.takePods(2), ['b']);
  t.false(changes.hasPods);
});

test('at the start everything is marked', (t) => {
  const changes = make();
  t.true(changes.takeAll());
  t.true(changes.takeGateways());
  t.false(changes.takeAll());
  t.false(changes.takeGateways());
  changes.markAll();
  t.true(changes.takeAll());
  t.true(changes.takeGateways());
});

test('a mark does not ring', (t) => {
  let rung = 0;
  const changes = new Changes(() => rung++);
  changes.markPod('default/one');
  changes.markAll();
  t.is(rung, 0);
  changes.ring();
  t.is(rung, 1);
});
