/** Maps values to places along an axis, and names the values that get a mark. */
export interface Scale {
  at(value: number): number;
  readonly ticks: readonly number[];
}

/** Returns a log scale with marks at decades, and at 2 and 5 if there are few decades. `values` must be positive. */
export function logScale(values: readonly number[], from: number, to: number): Scale {
  const [low, high] = bounds(values);
  const [start, end] = [Math.log10(low), Math.log10(high)];
  const decades = Array.from(
    { length: Math.ceil(end) - Math.floor(start) + 1 },
    (_, i) => 10 ** (Math.floor(start) + i),
  );
  const steps = end - start > 3 ? [1] : [1, 2, 5];
  return {
    at: (value) => from + ((Math.log10(value) - start) / (end - start)) * (to - from),
    ticks: decades
      .flatMap((decade) => steps.map((step) => step * decade))
      .filter((tick) => tick >= low * 0.999 && tick <= high * 1.001),
  };
}

export function linearScale(
  low: number,
  high: number,
  ticks: readonly number[],
  from: number,
  to: number,
): Scale {
  return { at: (value) => from + ((value - low) / (high - low)) * (to - from), ticks };
}

/** Returns the range of the values with some room on both sides. */
function bounds(values: readonly number[]): [number, number] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return [low / 1.15, high * 1.15];
}
