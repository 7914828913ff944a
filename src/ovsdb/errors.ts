import type { ErrorCode } from '../net/error_codes.js';
import { ProductError } from '../net/errors.js';

/** A database answered with an error (RFC 7047 section 4.1.3), or could not be asked. */
export class OvsdbError extends ProductError {
  override readonly name: string = 'OvsdbError';
}

/** No remote of the list answered in time. */
export class DatabaseUnreachable extends OvsdbError {
  override readonly name = 'DatabaseUnreachable';
  constructor(database: string, remotes: string, why: string, options?: { readonly cause?: unknown }) {
    super('ERR_DATABASE_UNREACHABLE', `${database} database at ${remotes} does not answer: ${why}`, options);
  }
}

/** The server's schema lacks what the product needs. */
export class SchemaMismatch extends OvsdbError {
  override readonly name = 'SchemaMismatch';
  constructor(database: string, what: string) {
    super(
      'ERR_SCHEMA_MISMATCH',
      `${database} database: ${what}; Open vSwitch 2.13 and OVN 20.03 or later have it`,
    );
  }
}

/** The connection ended before the reply: the transaction may have been made or not. Look, then decide. */
export class OutcomeUnknown extends OvsdbError {
  override readonly name = 'OutcomeUnknown';
  constructor(what: string, options?: { readonly cause?: unknown }) {
    super(
      'ERR_OUTCOME_UNKNOWN',
      `${what}: the database did not answer, the change may be made or not`,
      options,
    );
  }
}

/** Waiting for the database to reach some state took too long. */
export class WaitExpired extends OvsdbError {
  override readonly name = 'WaitExpired';
  constructor(what: string, milliseconds: number) {
    super('ERR_WAIT_EXPIRED', `waited ${milliseconds} ms for ${what}`);
  }
}

/**
 * A transaction that the server refused. `operation` is the one it names, as sent; `undefined` when every
 * operation was good and the whole failed at commit (RFC 7047 section 4.1.3, last paragraphs).
 */
export class TransactionError extends OvsdbError {
  override readonly name: string = 'TransactionError';
  constructor(
    code: ErrorCode,
    what: string,
    readonly error: string,
    readonly details: string,
    readonly operation: unknown,
  ) {
    const place = operation === undefined ? '' : ` in ${JSON.stringify(operation)}`;
    super(code, `${what}: ${error}${details === '' ? '' : ` (${details})`}${place}`);
  }
}

export class ConstraintViolation extends TransactionError {
  override readonly name = 'ConstraintViolation';
}
export class ReferentialIntegrityViolation extends TransactionError {
  override readonly name = 'ReferentialIntegrityViolation';
}
/** A `wait` did not come true: the database is not what the transaction was made for. */
export class WaitTimedOut extends TransactionError {
  override readonly name = 'WaitTimedOut';
}
export class NotOwner extends TransactionError {
  override readonly name = 'NotOwner';
}
/** This server is not, or no longer, the leader of its cluster. */
export class NotLeader extends TransactionError {
  override readonly name = 'NotLeader';
}
export class PermissionDenied extends TransactionError {
  override readonly name = 'PermissionDenied';
}
export class ResourcesExhausted extends TransactionError {
  override readonly name = 'ResourcesExhausted';
}
export class DatabaseIoError extends TransactionError {
  override readonly name = 'DatabaseIoError';
}

type ErrorClass = new (
  code: ErrorCode,
  what: string,
  error: string,
  details: string,
  operation: unknown,
) => TransactionError;

/** RFC 7047 section 4.1.3 and 5.2, and what ovsdb-server adds for RBAC and clusters. */
const BY_ERROR: ReadonlyMap<string, readonly [ErrorClass, ErrorCode]> = new Map([
  ['constraint violation', [ConstraintViolation, 'ERR_CONSTRAINT_VIOLATION'] as const],
  ['referential integrity violation', [ReferentialIntegrityViolation, 'ERR_REFERENTIAL_INTEGRITY'] as const],
  ['timed out', [WaitTimedOut, 'ERR_WAIT_TIMED_OUT'] as const],
  ['not owner', [NotOwner, 'ERR_NOT_OWNER'] as const],
  ['not leader', [NotLeader, 'ERR_NOT_LEADER'] as const],
  ['permission error', [PermissionDenied, 'ERR_PERMISSION_DENIED'] as const],
  ['resources exhausted', [ResourcesExhausted, 'ERR_RESOURCES_EXHAUSTED'] as const],
  ['I/O error', [DatabaseIoError, 'ERR_DATABASE_IO'] as const],
]);

/** The exception for the `error` and `details` of a reply. */
export function transactionError(
  what: string,
  error: string,
  details: string,
  operation: unknown,
): TransactionError {
  const [Class, code] = BY_ERROR.get(error) ?? [TransactionError, 'ERR_TRANSACTION'];
  return new Class(code, what, error, details, operation);
}
