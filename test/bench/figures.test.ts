import test from 'ava';
import { type Figure, isMet, ratioOf } from '../../bench/figure.js';
import { summarize } from '../../bench/statistics.js';
import { formatFigures } from '../../bench/table.js';

const HUNDRED = Array.from({ length: 100 }, (_, i) => 100 - i);
const reference: Figure = { name: 'one process', unit: 'ms', samples: [9, 10, 30] };
const figure: Figure = {
  name: 'repair',
  unit: 'ms',
  samples: [20, 45, 15],
  to: reference,
  targets: [
    { of: 'p99', as: 'ratio', atMost: 4 },
    { of: 'median', as: 'ratio', atMost: 2 },
    { of: 'min', as: 'value', atMost: 14 },
  ],
};

test('median and p99 are samples, by nearest rank', (t) => {
  t.deepEqual(summarize(HUNDRED), { runs: 100, min: 1, median: 50, p99: 99 });
  t.is(summarize([3, 1, 2]).p99, 3);
});

test('a ratio uses the median of the reference, so its outliers do not matter', (t) => {
  t.deepEqual(ratioOf(figure), { runs: 3, min: 1.5, median: 2, p99: 4.5 });
  t.is(ratioOf(reference), undefined);
});

test('a target is met up to and at its limit, and missed above it', (t) => {
  t.deepEqual(
    figure.targets?.map((target) => isMet(figure, target)),
    [false, true, false],
  );
});

test('the table says in aligned columns whether each target is met', (t) => {
  const [head = '', first = '', second = ''] = formatFigures([reference, figure]).split('\n');
  t.regex(second, /p99 <= 4x: NOT MET; median <= 2x: met; min <= 14 ms: NOT MET$/);
  t.regex(second, / 15\.0 +20\.0 +45\.0 +ms +x one process: +1\.50 +2\.00 +4\.50 /);
  t.is(head.indexOf('unit'), first.indexOf('ms'));
  t.is(first.indexOf('ms'), second.indexOf('ms'));
});
