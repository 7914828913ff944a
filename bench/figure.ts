import { type Summary, summarize } from './statistics.js';

/** One thing measured, beside another measured in the same run. */
export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly samples: readonly number[];
  /** What it is a ratio to; left out where it is a ratio by itself, or is itself such a reference. */
  readonly to?: Figure;
  readonly targets?: readonly Target[];
  /** Where it stands in a plot of medians against a number, on log axes; without it the samples are a distribution. */
  readonly at?: PlaceInPlot;
}

export interface PlaceInPlot {
  readonly plot: string;
  readonly line: string;
  readonly x: number;
  /** What `x` counts: "flows in place". */
  readonly axis: string;
}

/** What a figure is to be at most. */
export interface Target {
  readonly of: keyof Omit<Summary, 'runs'>;
  /** The samples, in their unit, or their ratio to the median of the reference. */
  readonly as: 'ratio' | 'value';
  readonly atMost: number;
}

/** A part of the benchmarks, that can be run alone. */
export interface Section {
  readonly name: string;
  /** What is measured and how, in lines of text. */
  readonly about: readonly string[];
  measure(): Promise<Report>;
}

export interface Report {
  readonly figures: readonly Figure[];
  /** What a reader must know of this very run. */
  readonly notes?: readonly string[];
}

/** The samples as multiples of the reference's median. */
export function ratioOf({ samples, to }: Figure): Summary | undefined {
  if (to === undefined) return undefined;
  const { median } = summarize(to.samples);
  return summarize(samples.map((sample) => sample / median));
}

export function isMet(figure: Figure, { of, as, atMost }: Target): boolean {
  const summary = as === 'ratio' ? ratioOf(figure) : summarize(figure.samples);
  return summary !== undefined && summary[of] <= atMost;
}
