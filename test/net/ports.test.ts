import test from 'ava';
import fc from 'fast-check';
import { maskedPorts, parsePortRange, portRangesOverlap } from '../../src/net/ports.js';

const range = fc
  .tuple(fc.integer({ min: 1, max: 65535 }), fc.integer({ min: 1, max: 65535 }))
  .map(([a, b]) => ({ lo: Math.min(a, b), hi: Math.max(a, b) }));

test('masked matches cover exactly the ports of the range, each once', (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(range, ({ lo, hi }) => {
        const matches = maskedPorts({ lo, hi });
        for (let port = 0; port <= 65535; port++) {
          const hits = matches.filter(({ value, mask }) => (port & mask) === value).length;
          if (hits !== (port >= lo && port <= hi ? 1 : 0)) return false;
        }
        return matches.length <= 30;
      }),
      { numRuns: 30 },
    ),
  );
});

test('the default range needs six matches, and an aligned power of two needs one', (t) => {
  t.is(maskedPorts({ lo: 61000, hi: 65535 }).length, 6);
  t.deepEqual(maskedPorts({ lo: 49152, hi: 65535 }), [{ value: 0xc000, mask: 0xc000 }]);
});

test('a range is LO-HI within 1 to 65535', (t) => {
  t.deepEqual(parsePortRange('61000-65535'), { lo: 61000, hi: 65535 });
  for (const bad of ['', '1', '0-5', '5-4', '1-65536', '-1-5', 'a-b', '1-2-3', '0x10-0x20']) {
    t.throws(() => parsePortRange(bad), { code: 'ERR_BAD_PORT_RANGE' }, bad);
  }
});

test('ranges overlap if they share a port', (t) => {
  t.true(portRangesOverlap({ lo: 1, hi: 5 }, { lo: 5, hi: 9 }));
  t.false(portRangesOverlap({ lo: 1, hi: 4 }, { lo: 5, hi: 9 }));
});
