import type { ErrorCode } from '../net/error_codes.js';
import { ProductError } from '../net/errors.js';

/** A database answered with an error (RFC 7047 section 4.1.3), or did not answer. */
export class OvsdbError extends ProductError {
  override readonly name: string = 'OvsdbError';
}

/** No remote answered in time. */
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

/** A server sent something that contradicts RFC 7047 or its own schema. The session ends, and the client reconnects. */
export class BadReply extends OvsdbError {
  override readonly name = 'BadReply';
  constructor(what: string) {
    super('ERR_BAD_REPLY', what);
  }
}

/** The connection ended before the reply, so the transaction may have been committed or not: read, then decide. */
export class OutcomeUnknown extends OvsdbError {
  override readonly name = 'OutcomeUnknown';
  constructor(what: string, options?: { readonly cause?: unknown }) {
    super(
      'ERR_OUTCOME_UNKNOWN',
      `${what}: the database did not answer; the change may or may not have been made`,
      options,
    );
  }
}

/** The database did not reach an expected state in time. */
export class WaitExpired extends OvsdbError {
  override readonly name = 'WaitExpired';
  constructor(what: string, milliseconds: number) {
    super('ERR_WAIT_EXPIRED', `waited ${milliseconds} ms for ${what}`);
  }
}

/** An error in the reply to a transaction (RFC 7047 section 4.1.3). */
export interface Refusal {
  readonly error: string;
  readonly details: string;
  /** The place of the operation in the transaction, from 0; `undefined` if the error is about the whole request. */
  readonly index?: number;
  /** The operation as sent; `undefined` if every operation succeeded and the commit failed. */
  readonly operation?: unknown;
}

/**
 * A transaction that the server refused: nothing of it was done. `error`, `details` and `operation` are those of the
 * first refusal. `cause` is an AggregateError with one error for each refusal, in the order of the operations.
 */
export class TransactionError extends OvsdbError {
  override readonly name: string = 'TransactionError';
  readonly error: string;
  readonly details: string;
  readonly operation: unknown;

  constructor(code: ErrorCode, what: string, refusals: readonly [Refusal, ...Refusal[]]) {
    const causes = refusals.map((refusal) => new Error(describe(refusal)));
    super(code, `${what}: ${refusals[0].error}`, {
      cause: new AggregateError(causes, causes.map(({ message }) => message).join('; ')),
    });
    ({ error: this.error, details: this.details, operation: this.operation } = refusals[0]);
  }
}

function describe({ error, details, index, operation }: Refusal): string {
  const reason = details === '' ? error : details;
  if (operation !== undefined)
    return `operation ${(index ?? 0) + 1}, ${JSON.stringify(operation)}: ${reason}`;
  return index === undefined ? reason : `at commit: ${reason}`;
}

export class ConstraintViolation extends TransactionError {
  override readonly name = 'ConstraintViolation';
}
export class ReferentialIntegrityViolation extends TransactionError {
  override readonly name = 'ReferentialIntegrityViolation';
}
/** The condition of a `wait` operation was false: the rows have changed since the transaction was made. */
export class WaitTimedOut extends TransactionError {
  override readonly name = 'WaitTimedOut';
}
export class NotOwner extends TransactionError {
  override readonly name = 'NotOwner';
}
/** The server is not the leader of its cluster. */
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

type ErrorClass = new (...args: ConstructorParameters<typeof TransactionError>) => TransactionError;

/** The classes by error: those of RFC 7047 sections 4.1.3 and 5.2, and those of ovsdb-server for RBAC and clusters. */
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

/** Returns the exception for the errors in the reply to a transaction. The first error determines its class. */
export function transactionError(what: string, refusals: readonly [Refusal, ...Refusal[]]): TransactionError {
  const [Class, code] = BY_ERROR.get(refusals[0].error) ?? [TransactionError, 'ERR_TRANSACTION'];
  return new Class(code, what, refusals);
}

/** How much of an error is in a message, in characters. */
const MAX_ERROR_TEXT = 500;

/** Returns a member of an error as text, whatever the server sent for it. */
export function errorText(value: unknown): string {
  const text = typeof value === 'string' ? value : String(JSON.stringify(value));
  return text.slice(0, MAX_ERROR_TEXT);
}
