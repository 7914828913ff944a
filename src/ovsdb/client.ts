// This folder is a client of OVSDB servers (RFC 7047). Here: the client, which keeps a copy of tables up to date,
// reconnects, and commits transactions. `session.ts` is one connection, `cache.ts` the copy, `transaction.ts` the
// changes; `columns.ts` describes tables to TypeScript, and `tables/` has those that the product uses.
import { withDeadline } from '../daemon/deadline.js';
import { sleep } from '../daemon/sleep.js';
import { explainError } from '../net/errors.js';
import { Cache, type Change } from './cache.js';
import type { Database, RowOf, TableName, Uuid } from './columns.js';
import type { ConnectOptions } from './connect_options.js';
import {
  BadReply,
  DatabaseUnreachable,
  errorText,
  OutcomeUnknown,
  SchemaMismatch,
  transactionError,
  WaitExpired,
} from './errors.js';
import { type Attempt, Reconnect } from './reconnect.js';
import { parseRemotes, type Remote } from './remotes.js';
import { RpcError } from './rpc.js';
import { openSession, type Session } from './session.js';
import { type Sink, Transaction } from './transaction.js';

const DEFAULT_TIMEOUT_MS = 5_000;
const DEFAULT_PROBE_MS = 5_000;

export type ConnectionState = 'connected' | 'disconnected';

/**
 * Connects to a database, checks its schema, and returns a client that has a copy of the tables.
 * @throws UsageError for remotes that cannot be parsed; SchemaMismatch; DatabaseUnreachable after `timeoutMs`
 */
export async function connect<D extends Database>(
  database: D,
  options: ConnectOptions<D>,
): Promise<Client<D>> {
  const client = new Client(database, parseRemotes(options.remotes), options);
  await client.firstCopy();
  return client;
}

/** A client of one database. It keeps a copy of the tables up to date, reconnects, and commits transactions. */
export class Client<D extends Database> {
  private readonly cache = new Cache(new Map());
  private readonly listeners = new Set<(changes: readonly Change[]) => void>();
  private readonly stateListeners = new Set<(state: ConnectionState) => void>();
  private readonly stop = new AbortController();
  private session: Session | undefined;
  private lastFailure: unknown;
  private fatal: Error | undefined;
  private lastTransaction: string | undefined;

  constructor(
    private readonly database: D,
    private readonly remotes: readonly Remote[],
    private readonly options: ConnectOptions<D>,
  ) {
    options.signal?.addEventListener('abort', () => this.close(), { once: true, signal: this.stop.signal });
    if (options.signal?.aborted) this.close();
    void this.keepConnected();
  }

  /** Returns the rows of a monitored table. The map is live. A changed row is a new object. */
  table<N extends TableName<D>>(name: N): ReadonlyMap<Uuid, RowOf<D, N>> {
    return this.cache.rows(name) as ReadonlyMap<Uuid, RowOf<D, N>>;
  }

  find<N extends TableName<D>>(name: N, wanted: (row: RowOf<D, N>) => boolean): RowOf<D, N> | undefined {
    for (const row of this.table(name).values()) if (wanted(row)) return row;
    return undefined;
  }

  filter<N extends TableName<D>>(name: N, wanted: (row: RowOf<D, N>) => boolean): RowOf<D, N>[] {
    return [...this.table(name).values()].filter(wanted);
  }

  /** Returns whether the server's schema lists a string among those that a column takes. */
  allows<N extends TableName<D>>(name: N, column: string & keyof D['tables'][N], value: string): boolean {
    return this.cache.allows(name, column, value);
  }

  get isConnected(): boolean {
    return this.session !== undefined;
  }

  /** Calls `listener` after each batch of changes; returns a function that removes the listener. */
  onChange(listener: (changes: readonly Change[]) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Calls `listener` after each change of the connection; returns a function that removes the listener. */
  onState(listener: (state: ConnectionState) => void): () => void {
    this.stateListeners.add(listener);
    return () => this.stateListeners.delete(listener);
  }

  transaction(comment: string): Transaction<D> {
    const sink: Sink = {
      send: (name, operations, what, timeoutMs) =>
        this.send(name, operations, what, timeoutMs ?? DEFAULT_TIMEOUT_MS),
    };
    return new Transaction(this.database, comment, sink);
  }

  /**
   * Calls `evaluate` now and after each batch, and resolves with its first result that is not `undefined`.
   * @throws WaitExpired naming `what`; whatever `evaluate` throws; the reason of `signal` when it is aborted
   */
  until<T>(
    evaluate: () => T | undefined,
    {
      timeoutMs = DEFAULT_TIMEOUT_MS,
      what,
      signal,
    }: { timeoutMs?: number; what: string; signal?: AbortSignal },
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const settle = (outcome: () => void) => {
        clearTimeout(timer);
        forget();
        signal?.removeEventListener('abort', onAbort);
        outcome();
      };
      const onAbort = () => settle(() => reject(signal?.reason));
      const check = () => {
        try {
          const found = evaluate();
          if (found !== undefined) settle(() => resolve(found));
        } catch (error) {
          settle(() => reject(error));
        }
      };
      const forget = this.onChange(check);
      const timer = setTimeout(() => settle(() => reject(new WaitExpired(what, timeoutMs))), timeoutMs);
      signal?.addEventListener('abort', onAbort);
      if (signal?.aborted) onAbort();
      else check();
    });
  }

  /** Resolves when the client has its first copy of the tables. @throws SchemaMismatch, DatabaseUnreachable */
  firstCopy(): Promise<void> {
    const { timeoutMs = DEFAULT_TIMEOUT_MS, remotes } = this.options;
    return new Promise((resolve, reject) => {
      const settle = (outcome: () => void) => {
        clearTimeout(timer);
        forget();
        this.stop.signal.removeEventListener('abort', onAbort);
        outcome();
      };
      const onAbort = () =>
        settle(() => reject(new DatabaseUnreachable(this.database.name, remotes, 'the client was closed')));
      const fail = (error: Error) => {
        settle(() => reject(error));
        this.close();
      };
      const timer = setTimeout(() => {
        const why =
          this.lastFailure === undefined ? `nothing within ${timeoutMs} ms` : explainError(this.lastFailure);
        fail(new DatabaseUnreachable(this.database.name, remotes, why));
      }, timeoutMs);
      const check = () => {
        if (this.session !== undefined) settle(resolve);
        else if (this.fatal !== undefined) fail(this.fatal);
      };
      const forget = this.onState(check);
      this.stop.signal.addEventListener('abort', onAbort);
      if (this.stop.signal.aborted) onAbort();
      else check();
    });
  }

  /**
   * Closes the connection and opens a new one; resolves when the tables are up to date again.
   * @throws DatabaseUnreachable
   */
  async reconnect(): Promise<void> {
    const { session } = this;
    session?.close();
    // serve() began to await `closed` before this call, so it continues first and drops the session.
    await session?.closed;
    await this.firstCopy();
  }

  close(): void {
    this.stop.abort();
    this.session?.close();
  }

  private async send(
    name: string,
    operations: readonly unknown[],
    what: string,
    timeoutMs: number,
  ): Promise<readonly unknown[]> {
    const { session } = this;
    if (session === undefined) {
      throw new DatabaseUnreachable(
        name,
        this.options.remotes,
        'not connected now; the client reconnects by itself',
      );
    }
    const late = AbortSignal.timeout(timeoutMs);
    const expiry = new Promise<never>((_resolve, reject) => {
      late.addEventListener('abort', () => reject(new OutcomeUnknown(what)), { once: true });
    });
    const reply = session.transact(name, operations).catch((error: unknown) => {
      // The server refused the request as a whole, so nothing was done.
      if (error instanceof RpcError) throw refusalOf(what, error);
      throw new OutcomeUnknown(what, { cause: error });
    });
    const result = await Promise.race([reply, expiry]);
    if (!Array.isArray(result)) throw new BadReply(`${what}: the reply to a transaction is not a list`);
    return result;
  }

  /** Runs one session after another until the client is closed or the schema does not fit. */
  private async keepConnected(): Promise<void> {
    const reconnect = new Reconnect(this.remotes);
    while (!this.stop.signal.aborted && this.fatal === undefined) {
      const { remote } = reconnect;
      if (remote === undefined) return;
      const wait = reconnect.after(await this.serve(remote));
      if (!this.stop.signal.aborted) await sleep(wait, this.stop.signal);
    }
  }

  /** Runs one session to its end. */
  private async serve(remote: Remote): Promise<Attempt> {
    const { probeMs = DEFAULT_PROBE_MS, log, timeoutMs = DEFAULT_TIMEOUT_MS } = this.options;
    const attemptMs = this.options.attemptMs ?? timeoutMs;
    let session: Session;
    try {
      session = await withDeadline(this.stop.signal, Math.max(attemptMs, 1_000), (signal) =>
        openSession({
          remote,
          database: this.database,
          tables: this.options.tables ?? Object.keys(this.database.tables),
          conditions: this.options.conditions ?? {},
          leaderOnly: this.options.leaderOnly ?? true,
          presumeSchema: this.options.presumeSchema ?? false,
          tls: this.options.tls,
          probeMs,
          since: this.lastTransaction,
          cache: this.cache,
          changed: (changes) => this.notify(changes),
          signal,
        }),
      );
    } catch (error) {
      this.lastFailure = error;
      // The rows may be those of a batch that was applied in part.
      if (error instanceof BadReply) this.lastTransaction = undefined;
      if (error instanceof SchemaMismatch) {
        this.fatal = error;
        this.notifyState('disconnected');
      }
      return { failure: error };
    }
    const began = performance.now();
    this.session = session;
    log?.info(`${remote.text}: connected`);
    this.notify(session.firstChanges);
    this.notifyState('connected');
    const reason = await session.closed;
    this.lastTransaction = session.lastTransaction;
    this.session = undefined;
    if (!this.stop.signal.aborted) log?.warn(`${remote.text}: connection lost: ${reason.message}`);
    this.notifyState('disconnected');
    return { servedMs: performance.now() - began };
  }

  private notify(changes: readonly Change[]): void {
    if (changes.length === 0) return;
    for (const listener of [...this.listeners]) listener(changes);
  }

  private notifyState(state: ConnectionState): void {
    for (const listener of [...this.stateListeners]) listener(state);
  }
}

/** Converts the error of a whole request. ovsdb-server gives it the members of an operation's error. */
function refusalOf(what: string, { error }: RpcError): Error {
  const { error: name = error, details = '' }: { error?: unknown; details?: unknown } =
    typeof error === 'object' && error !== null ? error : { error };
  return transactionError(what, [{ error: errorText(name), details: errorText(details) }]);
}
