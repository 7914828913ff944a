/**
 * Runs `work` with a signal that is aborted when `signal` is, or after `ms` milliseconds. It leaves nothing behind:
 * Node 20 keeps a reference to each signal of `AbortSignal.any` for as long as the signals that it was made of live.
 */
export async function withDeadline<T>(
  signal: AbortSignal | undefined,
  ms: number,
  work: (either: AbortSignal) => Promise<T>,
): Promise<T> {
  const either = new AbortController();
  const end = () => either.abort(signal?.reason);
  const timer = setTimeout(() => {
    either.abort(new DOMException(`not done after ${ms} ms`, 'TimeoutError'));
  }, ms);
  if (signal?.aborted === true) end();
  signal?.addEventListener('abort', end, { once: true });
  try {
    return await work(either.signal);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', end);
  }
}
