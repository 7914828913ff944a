import test from 'ava';
import fc from 'fast-check';
import { formatReserved, merged, parseReserved, without } from '../../src/overlay/host_ports.js';

const range = fc
  .tuple(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 0, max: 40 }))
  .map(([lo, length]) => ({ lo, hi: lo + length }));

function ports(ranges: readonly { lo: number; hi: number }[]): number[] {
  const all = ranges.flatMap(({ lo, hi }) => Array.from({ length: hi - lo + 1 }, (_, i) => lo + i));
  return [...new Set(all)].sort((a, b) => a - b);
}

test('a list of reserved ports is read and written in the format of the kernel', (t) => {
  t.deepEqual(parseReserved(''), []);
  t.deepEqual(parseReserved('8080,9148-9150\n'), [
    { lo: 8080, hi: 8080 },
    { lo: 9148, hi: 9150 },
  ]);
  t.is(formatReserved(parseReserved('8080,9148-9150')), '8080,9148-9150');
});

test('merging keeps every port and leaves no two ranges that touch', (t) => {
  fc.assert(
    fc.property(fc.array(range), (ranges) => {
      const result = merged(ranges);
      t.deepEqual(ports(result), ports(ranges));
      for (const [i, one] of result.entries()) t.true(i === 0 || one.lo > (result[i - 1]?.hi ?? 0) + 1);
    }),
  );
});

test('giving a range back removes exactly its ports', (t) => {
  fc.assert(
    fc.property(fc.array(range), range, (ranges, gone) => {
      const expected = ports(ranges).filter((port) => port < gone.lo || port > gone.hi);
      t.deepEqual(ports(without(ranges, gone)), expected);
    }),
  );
});
