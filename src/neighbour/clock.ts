/** Time and timers, passed in so that tests can set them. */
export interface Clock {
  /** Returns milliseconds since 1970, with a fraction. */
  now(): number;
  /** Calls `run` after `ms` milliseconds; returns the function that cancels it. */
  after(ms: number, run: () => void): () => void;
}

/** A clock whose timers do not keep the process alive. */
export const backgroundClock: Clock = {
  now: () => systemClock.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms).unref();
    return () => clearTimeout(timer);
  },
};

export const systemClock: Clock = {
  now: () => performance.timeOrigin + performance.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};
