import test from 'ava';
import { Budget } from '../../src/kube/budget.js';
import { ApiError } from '../../src/kube/errors.js';
import { ENDPOINTS, NODE, POD, SERVICE, SLICE } from '../../src/kube/kinds.js';
import { ObjectCopy, ObjectList } from '../../src/kube/object_copy.js';
import { type KubeObject, keyOf } from '../../src/kube/objects.js';
import {
  realisticEndpoints,
  realisticNode,
  realisticPod,
  realisticService,
  realisticSlice,
} from './realistic.js';

/** Fills a copy with objects by lists, twice: a list replaces the copy while the copy still exists. */
function fill(budget: Budget, count: number, make: (i: number) => KubeObject): number {
  const copy = new ObjectCopy('things', budget, () => undefined);
  const objects = Array.from({ length: count }, (_, i) => make(i));
  for (let round = 0; round < 2; round++) {
    const list = new ObjectList();
    for (const object of objects) copy.extend(list, keyOf(object), object);
    copy.replace(list, true);
  }
  return copy.objects.size;
}

test('50,000 services with node ports and 2,000 nodes fit into the budget of the helper', (t) => {
  const budget = new Budget();
  t.is(
    fill(budget, 50_000, (i) => SERVICE(realisticService(i))),
    50_000,
  );
  t.is(
    fill(budget, 2_000, (i) => NODE(realisticNode(i))),
    2_000,
  );
});

for (const [name, endpoints] of [
  ['Endpoints', (i: number) => ENDPOINTS(realisticEndpoints(i))],
  ['slices', (i: number) => SLICE(realisticSlice(i))],
] as const)
  test(`30,000 pods, 5,000 services with their ${name} and 500 nodes fit into the budget of the watcher`, (t) => {
    const budget = new Budget();
    t.is(
      fill(budget, 30_000, (i) => POD(realisticPod(i))),
      30_000,
    );
    t.is(
      fill(budget, 5_000, (i) => SERVICE(realisticService(i))),
      5_000,
    );
    t.is(fill(budget, 5_000, endpoints), 5_000);
    t.is(
      fill(budget, 500, (i) => NODE(realisticNode(i))),
      500,
    );
  });

test('while one copy is listed again, another one does not get the memory that the first still holds', (t) => {
  const budget = new Budget(10_000);
  const long = { metadata: { name: 'a', namespace: 'x'.repeat(7_000) } };
  const first = new ObjectCopy<KubeObject>('first', budget, () => undefined);
  first.put('a', long);
  first.extend(new ObjectList(), 'b', { metadata: { name: 'b' } });
  const second = new ObjectCopy<KubeObject>('second', budget, () => undefined);
  const error = t.throws(() => second.put('a', long), { instanceOf: ApiError });
  t.is(error?.code, 'ERR_API_LIMIT');
  first.drop('a');
  first.replace(new ObjectList(), false);
  t.notThrows(() => second.put('a', long));
});

test('what an object took is given back when it is changed or deleted', (t) => {
  const budget = new Budget(1_000);
  const copy = new ObjectCopy<KubeObject>('things', budget, () => undefined);
  for (let i = 0; i < 50; i++) {
    copy.put('a', { metadata: { name: 'a', resourceVersion: String(i) } });
    copy.put('b', { metadata: { name: 'b' } });
    copy.drop('b');
  }
  t.deepEqual([...copy.objects.keys()], ['a']);
});
