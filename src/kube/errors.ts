import { ProductError } from '../net/errors.js';

/** A request that an API server refused or did not answer. `status` is the HTTP status, or 0 without an answer. */
export class ApiError extends ProductError {
  override readonly name = 'ApiError';

  constructor(
    readonly status: number,
    what: string,
    why: string,
    options?: { readonly cause?: unknown },
  ) {
    super(status === 0 ? 'ERR_API_UNREACHABLE' : `ERR_API_${status}`, `${what}: ${why}`, options);
  }

  /** Whether the version in a list or watch is too old: list again (Kubernetes API concepts, "410 Gone"). */
  get isGone(): boolean {
    return this.status === 410;
  }
}
