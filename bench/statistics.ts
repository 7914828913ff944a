/** The statistics of repeated measurements. */
export interface Summary {
  readonly runs: number;
  readonly min: number;
  readonly median: number;
  readonly p99: number;
}

export function summarize(samples: readonly number[]): Summary {
  return {
    runs: samples.length,
    min: quantile(samples, 0),
    median: quantile(samples, 0.5),
    p99: quantile(samples, 0.99),
  };
}

/** Returns a quantile by nearest rank, which is always a measured value. The p99 of few runs is their maximum. */
export function quantile(samples: readonly number[], q: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
}
