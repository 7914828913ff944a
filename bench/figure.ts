import { type Summary, summarize } from './statistics.js';

// Figures: what a section of the benchmarks returns.
// A figure has samples, the reference that was measured in the same run, and targets.
// run.ts runs the sections, table.ts prints the figures, page/ plots them.

/** A measured quantity, with the reference it is compared with. */
export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly samples: readonly number[];
  /** The reference of the ratio. Absent for a reference, and for a figure that is a ratio already. */
  readonly to?: Figure;
  readonly targets?: readonly Target[];
  /** The place in a plot of medians against a number, on log axes. Without it, the samples are a distribution. */
  readonly at?: PlaceInPlot;
}

export interface PlaceInPlot {
  readonly plot: string;
  readonly line: string;
  readonly x: number;
  /** What `x` counts: "flows in place". */
  readonly axis: string;
}

/** The upper limit of a figure. */
export interface Target {
  readonly of: keyof Omit<Summary, 'runs'>;
  /** `value`: the samples in their unit. `ratio`: the samples divided by the reference's median. */
  readonly as: 'ratio' | 'value';
  readonly atMost: number;
}

/** A part of the benchmarks that can be run alone. */
export interface Section {
  readonly name: string;
  /** Says what is measured and how, in lines of text. */
  readonly about: readonly string[];
  measure(): Promise<Report>;
}

export interface Report {
  readonly figures: readonly Figure[];
  /** Facts about this run that a reader must know. */
  readonly notes?: readonly string[];
}

/** Returns the samples as multiples of the reference's median. */
export function ratioOf({ samples, to }: Figure): Summary | undefined {
  if (to === undefined) return undefined;
  const { median } = summarize(to.samples);
  return summarize(samples.map((sample) => sample / median));
}

export function isMet(figure: Figure, { of, as, atMost }: Target): boolean {
  const summary = as === 'ratio' ? ratioOf(figure) : summarize(figure.samples);
  return summary !== undefined && summary[of] <= atMost;
}
