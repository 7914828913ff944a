/**
 * A source of a daemon's state: a database, the kernel's addresses, an API server. Its constructor does no I/O. It
 * changes nothing but the facts it holds, and rings the daemon's loop when they changed.
 */
export interface Source {
  /**
   * Follows the source until `signal` is aborted. It retries failures and registers them as problems; it never
   * throws.
   */
  run(signal: AbortSignal): Promise<void>;
}
