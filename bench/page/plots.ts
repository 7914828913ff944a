import type { Figure } from '../figure.js';
import { grouped } from '../grouped.js';
import { quantile, summarize } from '../statistics.js';
import type { Markup } from './markup.js';
import { type Line, plot, SIZE } from './plot.js';
import { linearScale, logScale } from './scale.js';

/** Fewer runs than this are not plotted as a distribution. */
const FEW = 10;
const QUANTILES = Array.from({ length: 101 }, (_, i) => i / 100);
const X = [SIZE.left, SIZE.width - SIZE.right] as const;
const Y = [SIZE.height - SIZE.bottom, SIZE.top] as const;

/** Returns a section's plots: medians against a number, and one plot of distributions for each unit. */
export function plotsOf(figures: readonly Figure[]): Markup[] {
  return [...growths(figures), ...distributions(figures)];
}

/** Returns plots of medians against the number that they may grow with, both on log axes. */
function growths(figures: readonly Figure[]): Markup[] {
  const placed = figures.flatMap((figure) => (figure.at === undefined ? [] : [{ figure, at: figure.at }]));
  return grouped(placed, ({ at }) => at.plot).flatMap(([title, members]) => {
    const points = members.map(({ figure, at }) => ({ ...at, y: summarize(figure.samples).median, figure }));
    const visible = points.filter(({ x, y }) => x > 0 && y > 0);
    const first = visible[0];
    if (first === undefined) return [];
    const lines = grouped(visible, ({ line }) => line).map(
      ([name, line]): Line => ({ name, isMarked: true, points: line.map(({ x, y }) => [x, y]) }),
    );
    const xScale = logScale(
      visible.map(({ x }) => x),
      ...X,
    );
    const yScale = logScale(
      visible.map(({ y }) => y),
      ...Y,
    );
    return [
      plot(
        title,
        { label: first.axis, scale: { ...xScale, ticks: [...new Set(visible.map(({ x }) => x))] } },
        { label: `median, ${first.figure.unit}`, scale: yScale },
        lines,
      ),
    ];
  });
}

/** Returns plots of the share of runs that took at most a given time. */
function distributions(figures: readonly Figure[]): Markup[] {
  const many = figures.filter(({ samples, at }) => at === undefined && samples.length >= FEW);
  return grouped(many, ({ unit }) => unit).flatMap(([unit, members]) => {
    const lines = members.map(({ name, samples }): Line => {
      const points = QUANTILES.map((q) => [quantile(samples, q), 100 * q] as const);
      return { name, isMarked: false, points: points.filter(([x]) => x > 0) };
    });
    const values = lines.flatMap(({ points }) => points.map(([x]) => x));
    if (values.length === 0) return [];
    const x = { label: `${unit}, at most`, scale: logScale(values, ...X) };
    const y = { label: '% of the runs', scale: linearScale(0, 100, [0, 25, 50, 75, 100], ...Y) };
    return [plot('Distribution of the runs', x, y, lines)];
  });
}
