import test from 'ava';
import type { Figure } from '../../bench/figure.js';
import { markup } from '../../bench/page/markup.js';
import { formatPage } from '../../bench/page/page.js';
import { plotsOf } from '../../bench/page/plots.js';
import { linearScale, logScale } from '../../bench/page/scale.js';

const ONE: Figure = { name: 'one <process>', unit: 'ms', samples: [9, 10, 30] };
const AT = (line: string, x: number): Partial<Figure> => ({
  at: { plot: 'one change', line, x, axis: 'flows in place' },
});
const FIGURES: readonly Figure[] = [
  ONE,
  {
    name: 'ours',
    unit: 'ms',
    samples: Array.from({ length: 20 }, (_, i) => 1 + i),
    to: ONE,
    targets: [
      { of: 'median', as: 'ratio', atMost: 1 },
      { of: 'p99', as: 'ratio', atMost: 1.5 },
    ],
  },
  ...[10, 1_000].map((x): Figure => ({ name: `at ${x}`, unit: 'ms', samples: [x / 10], ...AT('ofctl', x) })),
];

test('text is escaped, markup is not, and lists are joined', (t) => {
  t.is(
    markup`<p>${'<b>&'}${markup`<i>${1}</i>`}${[undefined, 'x']}</p>`.text,
    '<p>&lt;b&gt;&amp;<i>1</i>x</p>',
  );
});

test('a log axis has equal room and a mark for each decade', (t) => {
  const { at, ticks } = logScale([1, 10_000], 0, 400);
  t.true(Math.abs(at(100) - at(10) - (at(1000) - at(100))) < 1e-9);
  t.deepEqual(ticks, [1, 10, 100, 1000, 10_000]);
  t.deepEqual(logScale([3, 30], 0, 100).ticks, [5, 10, 20]);
  t.is(linearScale(0, 100, [], 300, 0).at(50), 150);
});

test('a figure with a place is drawn in its plot, and a figure with many runs as a distribution', (t) => {
  const plots = plotsOf(FIGURES).map(({ text }) => text);
  t.is(plots.length, 2);
  t.regex(plots[0] ?? '', /one change[\s\S]*median, ms[\s\S]*<circle[\s\S]*<circle[\s\S]*ofctl/);
  t.regex(plots[0] ?? '', />1,000<\/text>[\s\S]*flows in place/);
  t.regex(plots[1] ?? '', /% of the runs[\s\S]*ours/);
});

test('a page is self-contained, counts the met targets, and lists the missed ones first', (t) => {
  const outcome = { name: 'flows', about: ['How.'], figures: FIGURES, notes: [], seconds: 3 };
  const failed = { ...outcome, name: 'wire', figures: [], failure: 'Error: no <switch>' };
  const page = formatPage({ started: new Date(0), machine: ['2 x CPU'], outcomes: [outcome, failed] });
  t.notRegex(page, /(src|href)="(?!#)/);
  t.regex(page, /<strong>1<\/strong> of <strong>2<\/strong> targets met/);
  t.true(page.indexOf('not met') < page.indexOf('✓ met'));
  t.regex(page, /one &lt;process&gt;/);
  t.regex(page, /wire could not be measured[\s\S]*no &lt;switch&gt;/);
  t.regex(page, /prefers-color-scheme: dark/);
});
