import type { ProductError } from '../net/errors.js';
import {
  type AnyColumn,
  type Database,
  type RowInput,
  RowRef,
  type TableName,
  type Uuid,
} from './columns.js';
import { OvsdbError, transactionError } from './errors.js';
import { toWire, type Value, type Wire } from './values.js';

/** Changes of parts of a row: elements of sets that come and go, pairs of maps that are set and removed. */
export type Mutations<D extends Database, N extends TableName<D>> = {
  readonly [C in keyof RowInput<D, N>]?: RowInput<D, N>[C] extends ReadonlyMap<string, string> | undefined
    ? { readonly set?: Readonly<Record<string, string>>; readonly delete?: readonly string[] }
    : { readonly insert?: RowInput<D, N>[C]; readonly delete?: RowInput<D, N>[C] };
};

type Clause = readonly [column: string, operator: string, value: Wire];
type Operation = Readonly<Record<string, unknown>>;

/** Where a finished transaction goes: the client's session. */
export interface Sink {
  send(
    database: string,
    operations: readonly unknown[],
    what: string,
    timeoutMs: number | undefined,
  ): Promise<readonly unknown[]>;
}

export interface CommitOptions {
  /** How long the reply may take, in milliseconds. */
  readonly timeoutMs?: number;
}

/**
 * Changes to one database, made all at once or not at all (RFC 7047 section 4.1.3).
 *
 * Building it never throws: the first bad operation is kept, and reported by {@link check} and {@link commit}.
 * `String(transaction)` is what will be sent.
 */
export class Transaction<D extends Database> {
  private readonly operations: Operation[] = [];
  private readonly inserted: RowRef[] = [];
  private problem: ProductError | undefined;

  constructor(
    private readonly database: D,
    private readonly comment: string,
    private readonly sink: Sink,
  ) {}

  get isEmpty(): boolean {
    return this.operations.length === 0 && this.problem === undefined;
  }

  insert<N extends TableName<D>>(table: N, row: RowInput<D, N>): RowRef {
    const ref = new RowRef(table, this.operations.length);
    this.inserted.push(ref);
    this.add({ op: 'insert', table, row: this.row(table, row), 'uuid-name': ref.name });
    return ref;
  }

  update<N extends TableName<D>>(table: N, uuid: Uuid, row: RowInput<D, N>): void {
    const wire = this.row(table, row);
    if (Object.keys(wire).length > 0) this.add({ op: 'update', table, where: [isRow(uuid)], row: wire });
  }

  mutate<N extends TableName<D>>(table: N, uuid: Uuid | RowRef, mutations: Mutations<D, N>): void {
    const list = Object.entries(mutations).flatMap(([name, parts]) =>
      this.mutation(table, name, parts ?? {}),
    );
    if (list.length > 0) this.add({ op: 'mutate', table, where: [isRow(uuid)], mutations: list });
  }

  /** Adds one to an integer column, such as `next_cfg`. */
  increment<N extends TableName<D>>(table: N, uuid: Uuid, column: keyof RowInput<D, N> & string): void {
    this.column(table, column);
    this.add({ op: 'mutate', table, where: [isRow(uuid)], mutations: [[column, '+=', 1]] });
  }

  delete<N extends TableName<D>>(table: N, uuid: Uuid): void {
    this.add({ op: 'delete', table, where: [isRow(uuid)] });
  }

  /** Makes the transaction fail with `WaitTimedOut` unless row `uuid` still has these values. */
  expect<N extends TableName<D>>(table: N, uuid: Uuid, row: RowInput<D, N>): void {
    const wire = this.row(table, row);
    this.add({
      op: 'wait',
      table,
      timeout: 0,
      where: [isRow(uuid)],
      columns: Object.keys(wire),
      until: '==',
      rows: [wire],
    });
  }

  /** Makes the transaction fail with `WaitTimedOut` if some row has these values. */
  expectNone<N extends TableName<D>>(table: N, row: RowInput<D, N>): void {
    const wire = this.row(table, row);
    const where = Object.entries(wire).map(([column, value]): Clause => [column, '==', value]);
    this.add({ op: 'wait', table, timeout: 0, where, columns: ['_uuid'], until: '==', rows: [] });
  }

  /** @throws ProductError the first operation that cannot be sent */
  check(): void {
    if (this.problem !== undefined) throw this.problem;
  }

  toString(): string {
    return [`-- ${this.comment}`, ...this.operations.map((operation) => JSON.stringify(operation))].join(
      '\n',
    );
  }

  /**
   * Sends the transaction; an empty one is done at once.
   * @returns the uuid of each inserted row
   * @throws TransactionError for what the server refuses, OutcomeUnknown when it does not say
   */
  async commit({ timeoutMs }: CommitOptions = {}): Promise<ReadonlyMap<RowRef, Uuid>> {
    this.check();
    if (this.operations.length === 0) return new Map();
    const comment = { op: 'comment', comment: this.comment };
    const results = await this.sink.send(
      this.database.name,
      [...this.operations, comment],
      this.comment,
      timeoutMs,
    );
    this.refuse(results);
    return new Map(this.inserted.map((ref) => [ref, uuidOf(results[ref.operation])]));
  }

  /** Throws for the first error among the results; one beyond the operations is that of the commit itself. */
  private refuse(results: readonly unknown[]): void {
    for (const [index, result] of results.entries()) {
      if (typeof result !== 'object' || result === null || !('error' in result)) continue;
      const details = 'details' in result ? String(result.details) : '';
      throw transactionError(this.comment, String(result.error), details, this.operations[index]);
    }
  }

  private add(operation: Operation): void {
    this.operations.push(operation);
  }

  private row(table: string, row: Readonly<Record<string, unknown>>): Record<string, Wire> {
    return Object.fromEntries(
      Object.entries(row).flatMap(([name, value]) => {
        const column = this.column(table, name);
        return column === undefined ? [] : [[name, toWire(column, value as Value)]];
      }),
    );
  }

  private mutation(
    table: string,
    name: string,
    parts: { insert?: unknown; set?: unknown; delete?: unknown },
  ): unknown[] {
    const column = this.column(table, name);
    if (column === undefined) return [];
    const mutations: unknown[] = [];
    if (column.shape === 'map') {
      const pairs = Object.entries((parts.set ?? {}) as Record<string, string>);
      const gone = [...((parts.delete ?? []) as readonly string[]), ...pairs.map(([key]) => key)];
      // An insert does not change a key that is there: take it out first.
      if (gone.length > 0) mutations.push([name, 'delete', ['set', gone]]);
      if (pairs.length > 0) mutations.push([name, 'insert', ['map', pairs]]);
      return mutations;
    }
    const wire = (value: unknown) =>
      toWire({ ...column, shape: 'set' }, (Array.isArray(value) ? value : [value]) as Value);
    if (parts.delete !== undefined) mutations.push([name, 'delete', wire(parts.delete)]);
    if (parts.insert !== undefined) mutations.push([name, 'insert', wire(parts.insert)]);
    return mutations;
  }

  private column(table: string, name: string): AnyColumn | undefined {
    const column = this.database.tables[table]?.[name];
    if (column === undefined) {
      this.problem ??= new OvsdbError(
        'ERR_NO_COLUMN',
        `${this.comment}: ${this.database.name} has no column ${table}.${name}`,
      );
    }
    return column;
  }
}

function isRow(uuid: Uuid | RowRef): Clause {
  return ['_uuid', '==', uuid instanceof RowRef ? ['named-uuid', uuid.name] : ['uuid', uuid]];
}

function uuidOf(result: unknown): Uuid {
  const uuid = typeof result === 'object' && result !== null && 'uuid' in result ? result.uuid : undefined;
  return String(Array.isArray(uuid) ? uuid[1] : uuid) as Uuid;
}
