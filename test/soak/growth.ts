/** What a process had at one moment. */
export interface Sample {
  /** Milliseconds since the soak began. */
  readonly atMs: number;
  readonly pid: number;
  /** Resident memory in MB. */
  readonly residentMb: number;
  /** The number of open descriptors. */
  readonly descriptors: number;
}

const HOUR_MS = 3_600_000;

const WINDOW_MS = 2 * 60_000;

/**
 * Returns the sample with the least memory of each two minutes. V8 collects garbage when it likes, and memory goes up and
 * down by tens of megabytes meanwhile; what grows for good lifts the floor.
 */
export function floorsOf(samples: readonly Sample[]): Sample[] {
  const [first] = samples;
  const floors = new Map<number, Sample>();
  for (const sample of samples) {
    const window = Math.floor((sample.atMs - (first?.atMs ?? 0)) / WINDOW_MS);
    const floor = floors.get(window);
    if (floor === undefined || sample.residentMb < floor.residentMb) floors.set(window, sample);
  }
  return [...floors.values()];
}

/** Returns the slope of the samples' memory in MB an hour, by least squares; 0 for fewer than two samples. */
export function slopePerHour(samples: readonly Sample[]): number {
  const n = samples.length;
  if (n < 2) return 0;
  const meanAt = samples.reduce((sum, { atMs }) => sum + atMs, 0) / n;
  const meanMb = samples.reduce((sum, { residentMb }) => sum + residentMb, 0) / n;
  let above = 0;
  let below = 0;
  for (const { atMs, residentMb } of samples) {
    above += (atMs - meanAt) * (residentMb - meanMb);
    below += (atMs - meanAt) ** 2;
  }
  return below === 0 ? 0 : (above / below) * HOUR_MS;
}

/** Returns by how much the fewest descriptors of the last quarter exceed the fewest of the first; negative if less. */
export function descriptorGrowth(samples: readonly Sample[]): number {
  const quarter = Math.ceil(samples.length / 4);
  const fewest = (some: readonly Sample[]) => Math.min(...some.map(({ descriptors }) => descriptors));
  return samples.length === 0 ? 0 : fewest(samples.slice(-quarter)) - fewest(samples.slice(0, quarter));
}
