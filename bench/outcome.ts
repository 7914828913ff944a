import type { Figure } from './figure.js';

/** A section and what came of it. */
export interface Outcome {
  readonly name: string;
  readonly about: readonly string[];
  readonly figures: readonly Figure[];
  readonly notes: readonly string[];
  /** Why it could not be measured. */
  readonly failure?: string;
  readonly seconds: number;
}

export interface Run {
  readonly started: Date;
  /** What it ran on, a line each. */
  readonly machine: readonly string[];
  readonly outcomes: readonly Outcome[];
}
