/**
 * Something that a daemon follows: a database, the kernel's addresses, an API server. It is made with `new`, which does
 * no I/O, changes only what it holds, and rings the daemon's loop when that changed.
 */
export interface Source {
  /** Follows until `signal` is aborted; a failure is retried and written to the problems, never thrown. */
  run(signal: AbortSignal): Promise<void>;
}
