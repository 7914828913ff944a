import test from 'ava';
import fc from 'fast-check';
import { Keyed } from '../../src/openflow/keyed.js';

/** Consecutive sets of changes. There are few keys, so that changes meet. */
const changes = fc.array(
  fc.array(
    fc.tuple(fc.integer({ min: 0, max: 3000 }).map(String), fc.option(fc.nat(3), { nil: undefined })),
    {
      maxLength: 40,
    },
  ),
  { maxLength: 8 },
);

function apply(map: ReadonlyMap<string, number>, entries: Iterable<readonly [string, number | undefined]>) {
  const after = new Map(map);
  for (const [key, value] of entries)
    if (value === undefined) after.delete(key);
    else after.set(key, value);
  return after;
}

test('after changes it has the contents of a Map with the same changes, and the original is unchanged', (t) => {
  fc.assert(
    fc.property(changes, (sets) => {
      let keyed: Keyed<number> = Keyed.EMPTY;
      let map: ReadonlyMap<string, number> = new Map();
      for (const set of sets) {
        const [before, had] = [keyed, [...keyed]];
        keyed = keyed.with(set);
        map = apply(map, set);
        t.deepEqual([...before], had);
        t.is(keyed.size, map.size);
        t.deepEqual([...keyed].sort(), [...map.values()].sort());
        for (const [key] of set) t.is(keyed.get(key), map.get(key));
      }
    }),
    { numRuns: 50 },
  );
});

test('the differences of two collections are those of two Maps, whether they share parts or not', (t) => {
  fc.assert(
    fc.property(changes, changes, fc.boolean(), (sets, more, isShared) => {
      const before = sets.reduce((keyed, set) => keyed.with(set), Keyed.EMPTY as Keyed<number>);
      const after = more.reduce(
        (keyed, set) => keyed.with(set),
        isShared ? before : (Keyed.EMPTY as Keyed<number>),
      );
      const keys = new Set([...sets, ...more].flat().map(([key]) => key));
      const expected = [...keys].flatMap((key) =>
        before.get(key) === after.get(key) ? [] : [{ key, before: before.get(key), after: after.get(key) }],
      );
      const byKey = (a: { key: string }, b: { key: string }) => Number(a.key) - Number(b.key);
      t.deepEqual(before.differences(after).sort(byKey), expected.sort(byKey));
    }),
    { numRuns: 50 },
  );
});

test('a change that changes nothing makes no difference', (t) => {
  const keyed = Keyed.of([['a', 1]]);
  t.is(keyed.with([]), keyed);
  t.deepEqual(keyed.differences(keyed.with([['a', 1]])), []);
});
