import type { ErrorCode } from '../net/error_codes.js';
import { ProductError } from '../net/errors.js';

/** What an API server did instead of a good answer, besides a refusal with an HTTP status. */
export type ApiFault = 'ERR_API_UNREACHABLE' | 'ERR_API_LIMIT' | 'ERR_API_BAD_ANSWER';

interface Details {
  readonly cause?: unknown;
  /** Why a `status` of 0; the default is that nothing answered. */
  readonly code?: ApiFault;
}

/** A request that an API server refused or did not answer well. `status` is the HTTP status, or 0 without a good one. */
export class ApiError extends ProductError {
  override readonly name = 'ApiError';

  constructor(
    readonly status: number,
    what: string,
    why: string,
    { code, cause }: Details = {},
  ) {
    super(codeOf(status, code), `${what}: ${why}`, cause === undefined ? {} : { cause });
  }

  /** Whether the version in a list or watch is too old: list again (Kubernetes API concepts, "410 Gone"). */
  get isGone(): boolean {
    return this.status === 410;
  }

  /** Whether the server answered, with a refusal or with something that cannot be used. */
  get isAnswered(): boolean {
    return this.code !== 'ERR_API_UNREACHABLE';
  }
}

/** A code has three digits at most, whatever a watch says. */
function codeOf(status: number, code: ApiFault = 'ERR_API_UNREACHABLE'): ErrorCode {
  return status === 0 ? code : `ERR_API_${status}`;
}
