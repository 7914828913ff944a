import { printColumns } from '../../lab/columns.js';
import { TRAFFIC_CLASSES } from '../../lab/traffic.js';
import type { ClassOutcome, Outcome } from './measure.js';

const WIDTHS = [26, ...TRAFFIC_CLASSES.map(() => 20), 9] as const;
export const HEAD = ['fault', ...TRAFFIC_CLASSES, 'healed', 'broken promises'];

/** Returns a row, and one more for each broken promise after the first. */
export function formatOutcome({ fault, classes, healMs, failures }: Outcome): string[][] {
  const [first = '', ...more] = failures;
  const cells = TRAFFIC_CLASSES.map((name) => formatClass(classes.get(name)));
  const empty = ['', ...TRAFFIC_CLASSES.map(() => ''), ''];
  return [[fault.name, ...cells, formatHealed(healMs), first], ...more.map((line) => [...empty, line])];
}

/** Returns `0 of 1200`, or `cut 40 ms, 4 of 1200`. */
export function formatClass(outcome: ClassOutcome | undefined): string {
  if (outcome === undefined) return '';
  const { sent, lost, longestMs, broken } = outcome;
  const cut = longestMs === 0 ? '' : `${longestMs.toFixed(0)} ms, `;
  return `${cut}${lost} of ${sent}${broken === 0 ? '' : `, ${broken} broke`}`;
}

export function formatHealed(healMs: number | undefined): string {
  return healMs === undefined ? 'never' : `${(healMs / 1000).toFixed(1)} s`;
}

export function outcomeJson({ fault, classes, ...outcome }: Outcome): object {
  return { name: fault.name, subject: fault.subject, classes: Object.fromEntries(classes), ...outcome };
}

export function printRow(cells: readonly string[]): void {
  printColumns(cells, WIDTHS);
}
