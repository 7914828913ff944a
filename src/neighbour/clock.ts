/** Time, as far as asking again and waiting need it. */
export interface Clock {
  /** Milliseconds since 1970, with what is below one. */
  now(): number;
  /** Calls `run` after `ms` milliseconds, unless what it returns is called before. */
  after(ms: number, run: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => performance.timeOrigin + performance.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};
