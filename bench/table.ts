import { type Figure, isMet, ratioOf, type Target } from './figure.js';
import { summarize } from './statistics.js';

const HEAD = ['', 'runs', 'min', 'median', 'p99', 'unit', '', 'min', 'median', 'p99', 'target'];
/** The columns that hold text. */
const TEXT = new Set([0, 5, 6, 10]);

/** Returns the figures as a plain table: the samples, then their ratios to the reference. */
export function formatFigures(figures: readonly Figure[]): string {
  return formatTable([HEAD, ...figures.map(rowOf)]);
}

/** Aligns columns with spaces, numbers to the right. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          TEXT.has(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `  ${line}\n`)
    .join('');
}

function rowOf(figure: Figure): string[] {
  const { runs, min, median, p99 } = summarize(figure.samples);
  const ratio = ratioOf(figure);
  const ratios = ratio === undefined ? ['', '', ''] : [ratio.min, ratio.median, ratio.p99].map(formatNumber);
  return [
    figure.name,
    String(runs),
    ...[min, median, p99].map(formatNumber),
    figure.unit,
    figure.to === undefined ? '' : `x ${figure.to.name}:`,
    ...ratios,
    (figure.targets ?? []).map((target) => formatTarget(figure, target)).join('; '),
  ];
}

function formatTarget(figure: Figure, target: Target): string {
  const limit = target.as === 'ratio' ? `${target.atMost}x` : `${target.atMost} ${figure.unit}`;
  return `${target.of} <= ${limit}: ${isMet(figure, target) ? 'met' : 'NOT MET'}`;
}

/** Returns a number with three significant digits, or with all its integer digits if there are more. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return '-';
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : Math.abs(value) >= 0.1 ? 2 : 4;
  return value === 0 ? '0' : value.toFixed(digits);
}
