import test from 'ava';
import fc from 'fast-check';
import {
  integer,
  optional,
  RowRef,
  setOf,
  string,
  stringMap,
  type Uuid,
  uuid,
} from '../../src/ovsdb/columns.js';
import { applyDiff, emptyValue, fromWire, sameValue, toWire } from '../../src/ovsdb/values.js';

const set = fc.uniqueArray(fc.string());
const map = fc.dictionary(fc.string(), fc.string()).map((pairs) => new Map(Object.entries(pairs)));

test('values survive the wire', (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(set, map, fc.string(), (elements, pairs, text) =>
        [
          { column: setOf(string), value: elements },
          { column: stringMap, value: pairs },
          { column: string, value: text },
          { column: optional(string), value: text },
          { column: optional(string), value: undefined },
        ].every(({ column, value }) => sameValue(fromWire(column, toWire(column, value)), value)),
      ),
    ),
  );
});

test('a set of one element is that element alone on the wire (RFC 7047 section 5.1)', (t) => {
  t.deepEqual(fromWire(setOf(integer), 7), [7]);
  t.deepEqual(fromWire(setOf(uuid), ['uuid', 'u1']), ['u1']);
});

test('a row that is inserted in the same transaction is named, any other by its uuid', (t) => {
  const ref = new RowRef('Port', 3);
  t.deepEqual(toWire(setOf(uuid), [ref, 'u1' as Uuid]), [
    'set',
    [
      ['named-uuid', 'row3'],
      ['uuid', 'u1'],
    ],
  ]);
});

test('the difference of two sets turns the first into the second', (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(set, set, (before, after) => {
        const diff = [
          ...before.filter((one) => !after.includes(one)),
          ...after.filter((one) => !before.includes(one)),
        ];
        return sameValue(applyDiff(setOf(string), before, ['set', diff]), after);
      }),
    ),
  );
});

test('the difference of two maps turns the first into the second', (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(map, map, (before, after) => {
        const deleted = [...before].filter(([key]) => !after.has(key));
        const set = [...after].filter(([key, value]) => before.get(key) !== value);
        return sameValue(applyDiff(stringMap, before, ['map', [...deleted, ...set]]), after);
      }),
    ),
  );
});

test('any other difference is the new value', (t) => {
  t.is(applyDiff(string, 'a', 'b'), 'b');
  t.is(applyDiff(optional(string), 'a', ['set', []]), undefined);
});

test('a column that the server lacks is empty', (t) => {
  t.deepEqual(
    [string, integer, optional(string), setOf(string), stringMap].map((column) => emptyValue(column)),
    ['', 0, undefined, [], new Map()],
  );
});
