/** A closed terminal or Ctrl-C must not leave work half done: these signals cancel it. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Runs `task` with an abort signal that the first of {@link SIGNALS} aborts. The signals do not end the process meanwhile. */
export async function withCancellation<T>(task: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const cancel = new AbortController();
  const abort = (signal: NodeJS.Signals) => cancel.abort(signal);
  for (const signal of SIGNALS) process.on(signal, abort);
  try {
    return await task(cancel.signal);
  } finally {
    for (const signal of SIGNALS) process.off(signal, abort);
  }
}
