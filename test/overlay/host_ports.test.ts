import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { ProductError } from '../../src/net/errors.js';
import {
  formatReserved,
  formerEphemeralRange,
  merged,
  parseReserved,
  without,
} from '../../src/overlay/host_ports.js';

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

test('whatever a list of ports or a kept file holds, it is ranges of ports or a mistake that is named', (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'host-ports-'));
  t.teardown(() => rmSync(dir, { recursive: true }));
  const text = fc.oneof(
    fc.string({ unit: fc.constantFrom(...'0123456789-, \n') }),
    fc.string({ unit: 'binary' }),
    fc.constantFrom(
      '# It was 32768 60999.',
      '# It was 0 99999.',
      `# It was ${'9'.repeat(400)} 1.`,
      '# It was 60999 1.',
    ),
  );
  const isRange = ({ lo, hi }: { lo: number; hi: number }) => lo >= 1 && lo <= hi && hi <= 65_535;
  fc.assert(
    fc.property(text, (content) => {
      writeFileSync(join(dir, '60-ovn-k8s-gateway.conf'), content);
      for (const read of [() => parseReserved(content), () => [formerEphemeralRange(dir)]])
        try {
          for (const range of read()) t.true(range === undefined || isRange(range));
        } catch (error) {
          t.true(error instanceof ProductError, String(error));
        }
    }),
    { numRuns: 1_000 },
  );
});
