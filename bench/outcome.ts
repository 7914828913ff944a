import type { Figure } from './figure.js';

/** A section and its result. */
export interface Outcome {
  readonly name: string;
  readonly about: readonly string[];
  readonly figures: readonly Figure[];
  readonly notes: readonly string[];
  /** Why the section could not be measured. */
  readonly failure?: string;
  readonly seconds: number;
}

export interface Run {
  readonly started: Date;
  /** The machine that the benchmarks ran on, one fact a line. */
  readonly machine: readonly string[];
  readonly outcomes: readonly Outcome[];
}
