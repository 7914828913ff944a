import Benchmark from 'benchmark';

/** Measures the milliseconds of a call, repeated as often as benchmark.js requires. */
export function timeCalls(name: string, call: () => unknown): Promise<readonly number[]> {
  return new Promise((resolve, reject) => {
    new Benchmark(name, call, {
      async: true,
      minSamples: 50,
      maxTime: 2,
      onComplete({ target }: { readonly target: Benchmark }) {
        resolve(target.stats.sample.map((seconds) => 1000 * seconds));
      },
      onError({ target }: { readonly target: Benchmark & { readonly error?: unknown } }) {
        reject(target.error);
      },
    }).run({ async: true });
  });
}
