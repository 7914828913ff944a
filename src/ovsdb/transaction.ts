import {
  type AnyColumn,
  type Database,
  type RowInput,
  RowRef,
  type TableName,
  type Uuid,
} from './columns.js';
import { BadReply, errorText, OvsdbError, type Refusal, transactionError } from './errors.js';
import { toWire, type Value, type Wire } from './values.js';

/** Changes of parts of a row: elements to insert into or delete from sets, pairs to set in or delete from maps. */
export type Mutations<D extends Database, N extends TableName<D>> = {
  readonly [C in keyof RowInput<D, N>]?: RowInput<D, N>[C] extends ReadonlyMap<string, string> | undefined
    ? { readonly set?: Readonly<Record<string, string>>; readonly delete?: readonly string[] }
    : { readonly insert?: RowInput<D, N>[C]; readonly delete?: RowInput<D, N>[C] };
};

type Clause = readonly [column: string, operator: string, value: Wire];
type Operation = Readonly<Record<string, unknown>>;

/** Sends a transaction to the server: the client's session. */
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
 * Changes to one database, committed all at once or not at all (RFC 7047 section 4.1.3).
 *
 * Building it never throws: problems are kept, and reported by {@link check}, {@link commit} and {@link toString}.
 */
export class Transaction<D extends Database> {
  private readonly operations: Operation[] = [];
  private readonly inserted: RowRef[] = [];
  private readonly problems: string[] = [];

  constructor(
    private readonly database: D,
    private readonly comment: string,
    private readonly sink: Sink,
  ) {}

  get isEmpty(): boolean {
    return this.operations.length === 0 && this.problems.length === 0;
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

  /** Increments an integer column, such as `next_cfg`. */
  increment<N extends TableName<D>>(table: N, uuid: Uuid, column: keyof RowInput<D, N> & string): void {
    this.column(table, column);
    this.add({ op: 'mutate', table, where: [isRow(uuid)], mutations: [[column, '+=', 1]] });
  }

  delete<N extends TableName<D>>(table: N, uuid: Uuid): void {
    this.add({ op: 'delete', table, where: [isRow(uuid)] });
  }

  /** Makes the transaction fail with WaitTimedOut unless row `uuid` still has these values. */
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

  /** Makes the transaction fail with WaitTimedOut if any row has these values. */
  expectNone<N extends TableName<D>>(table: N, row: RowInput<D, N>): void {
    const wire = this.row(table, row);
    const where = Object.entries(wire).map(([column, value]): Clause => [column, '==', value]);
    this.add({ op: 'wait', table, timeout: 0, where, columns: ['_uuid'], until: '==', rows: [] });
  }

  /**
   * Makes the transaction fail with WaitTimedOut unless the rows whose map `column` has the pair are exactly those that
   * have `names` in column `by`.
   */
  expectHolders<N extends TableName<D>>(
    table: N,
    [column, key, value]: readonly [column: keyof RowInput<D, N> & string, key: string, value: string],
    by: keyof RowInput<D, N> & string,
    names: readonly string[],
  ): void {
    this.column(table, column);
    this.column(table, by);
    this.add({
      op: 'wait',
      table,
      timeout: 0,
      where: [[column, 'includes', ['map', [[key, value]]]]],
      columns: [by],
      until: '==',
      rows: names.map((name) => ({ [by]: name })),
    });
  }

  /** @throws OvsdbError `ERR_NO_COLUMN` naming every column that the product does not know */
  check(): void {
    if (this.problems.length > 0)
      throw new OvsdbError('ERR_NO_COLUMN', `${this.comment}: ${this.problems.join('; ')}`);
  }

  /**
   * Formats exactly what {@link commit} sends, an operation a line, as `ovsdb-client transact` takes it
   * (ovsdb-client(1)). Problems come first, each on a line that begins with `cannot be sent:`.
   */
  toString(): string {
    const problems = this.problems.map((problem) => `cannot be sent: ${problem}\n`);
    const parts = [this.database.name, ...this.request()].map((part) => JSON.stringify(part));
    return `${problems.join('')}[${parts.join(',\n ')}]`;
  }

  /**
   * Sends the transaction. An empty one is not sent and succeeds.
   * @returns the uuid of each inserted row
   * @throws TransactionError if the server refuses it, OutcomeUnknown if it does not answer in time
   */
  async commit({ timeoutMs }: CommitOptions = {}): Promise<ReadonlyMap<RowRef, Uuid>> {
    this.check();
    if (this.operations.length === 0) return new Map();
    const results = await this.sink.send(this.database.name, this.request(), this.comment, timeoutMs);
    this.throwRefusals(results);
    return new Map(this.inserted.map((ref) => [ref, uuidOf(results[ref.operation])]));
  }

  /** Returns the operations as they are sent; the server writes the comment to its log. */
  private request(): readonly Operation[] {
    return [...this.operations, { op: 'comment', comment: this.comment }];
  }

  /** Throws if there is an error among the results. A result after those of all operations is the commit's. */
  private throwRefusals(results: readonly unknown[]): void {
    const refusals = results.flatMap((result, index): Refusal[] => {
      if (typeof result !== 'object' || result === null || !('error' in result)) return [];
      const details = 'details' in result ? errorText(result.details) : '';
      return [{ error: errorText(result.error), details, index, operation: this.operations[index] }];
    });
    const [first, ...others] = refusals;
    if (first !== undefined) throw transactionError(this.comment, [first, ...others]);
  }

  private add(operation: Operation): void {
    this.operations.push(operation);
  }

  private row(table: string, row: Readonly<Record<string, unknown>>): Record<string, Wire> {
    // A loop and one object: a transaction can insert thousands of rows.
    const wire: Record<string, Wire> = {};
    for (const name of Object.keys(row)) {
      const column = this.column(table, name);
      if (column !== undefined) wire[name] = toWire(column, row[name] as Value);
    }
    return wire;
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
      // An insert does not change the value of a key that exists, so the key is deleted first.
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
      this.problems.push(`${this.database.name} has no column ${table}.${name}`);
    }
    return column;
  }
}

function isRow(uuid: Uuid | RowRef): Clause {
  return ['_uuid', '==', uuid instanceof RowRef ? ['named-uuid', uuid.name] : ['uuid', uuid]];
}

function uuidOf(result: unknown): Uuid {
  const uuid = typeof result === 'object' && result !== null && 'uuid' in result ? result.uuid : undefined;
  if (Array.isArray(uuid) && uuid[0] === 'uuid' && typeof uuid[1] === 'string') return uuid[1] as Uuid;
  throw new BadReply('the reply to a transaction has no uuid for an inserted row');
}
