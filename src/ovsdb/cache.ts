import type { AnyColumn, Columns, Uuid } from './columns.js';
import type { ServedTables } from './schema.js';
import { applyDiff, emptyValue, fromWire, sameValue, type Value } from './values.js';

/** A row of any table; the typed client narrows it. */
export type AnyRow = { readonly _uuid: Uuid } & Readonly<Record<string, Value>>;

/** The change of one row in a batch: `old` is `undefined` for an insert, `row` for a delete. */
export interface Change {
  readonly table: string;
  readonly old: AnyRow | undefined;
  readonly row: AnyRow | undefined;
}

/** The monitored tables in memory. A batch holds the changes of one transaction, and is applied as a whole. */
export class Cache {
  private tables: ReadonlyMap<string, Map<Uuid, AnyRow>>;

  constructor(private served: ServedTables) {
    this.tables = emptyTables(served);
  }

  rows(table: string): ReadonlyMap<Uuid, AnyRow> {
    return this.tables.get(table) ?? new Map();
  }

  /** Returns whether the server's schema lists a string among those that a column takes. */
  allows(table: string, column: string, value: string): boolean {
    return this.served.get(table)?.values.get(column)?.includes(value) ?? false;
  }

  /** Applies what has changed while the connection was lost, to a server whose schema may have changed. */
  resume(served: ServedTables, updates: unknown): Change[] {
    this.served = served;
    return this.applyUpdates2(updates);
  }

  /**
   * Replaces all rows by those that `apply` puts into an empty cache, after a reconnect that could not resume.
   * @returns the rows that differ
   */
  replace(served: ServedTables, apply: (fresh: Cache) => void): Change[] {
    const fresh = new Cache(served);
    apply(fresh);
    const before = this.tables;
    this.served = served;
    this.tables = fresh.tables;
    return [...fresh.tables.keys()].flatMap((table) =>
      differences(table, before.get(table) ?? new Map(), fresh.tables.get(table) ?? new Map()),
    );
  }

  /**
   * Applies the `table-updates2` of `monitor_cond` and its successors (ovsdb-server(7), "Monitor Cond").
   * @throws BadReply
   */
  applyUpdates2(updates: unknown): Change[] {
    return this.each(updates, (columns, uuid, old, update) => {
      const { initial, insert, modify } = update;
      if (isRecord(modify) && old !== undefined) {
        const changed = Object.entries(modify).flatMap(([name, wire]): [string, Value][] => {
          const column = Object.hasOwn(columns, name) ? columns[name] : undefined;
          return column === undefined ? [] : [[name, applyDiff(column, old[name], wire)]];
        });
        return { ...old, ...Object.fromEntries(changed) };
      }
      const whole = initial ?? insert;
      return isRecord(whole) ? wholeRow(columns, uuid, whole) : undefined;
    });
  }

  /** Applies the `table-updates` of `monitor` (RFC 7047 section 4.1.6). @throws BadReply */
  applyUpdates(updates: unknown): Change[] {
    return this.each(updates, (columns, uuid, _old, update) =>
      isRecord(update.new) ? wholeRow(columns, uuid, update.new) : undefined,
    );
  }

  private each(updates: unknown, next: Next): Change[] {
    const changes: Change[] = [];
    for (const [table, rows] of entriesOf(updates)) {
      const columns = this.served.get(table)?.columns;
      const cached = this.tables.get(table);
      if (columns === undefined || cached === undefined) continue;
      for (const [key, update] of entriesOf(rows)) {
        const uuid = key as Uuid;
        const old = cached.get(uuid);
        const row = isRecord(update) ? next(columns, uuid, old, update) : undefined;
        if (row === undefined) cached.delete(uuid);
        else cached.set(uuid, row);
        changes.push({ table, old, row });
      }
    }
    return changes;
  }
}

type Next = (
  columns: Columns,
  uuid: Uuid,
  old: AnyRow | undefined,
  update: Readonly<Record<string, unknown>>,
) => AnyRow | undefined;

function emptyTables(served: ServedTables): ReadonlyMap<string, Map<Uuid, AnyRow>> {
  return new Map([...served.keys()].map((table) => [table, new Map()]));
}

function wholeRow(columns: Columns, uuid: Uuid, wire: Readonly<Record<string, unknown>>): AnyRow {
  // A loop and one object: the first copy of a large database makes so many rows that intermediate arrays would cost.
  const row: Record<string, Value> = { _uuid: uuid };
  for (const name of Object.keys(columns)) {
    const column: AnyColumn | undefined = columns[name];
    if (column === undefined) continue;
    const value = wire[name];
    row[name] = value === undefined ? emptyValue(column) : fromWire(column, value);
  }
  return row as AnyRow;
}

function differences(
  table: string,
  before: ReadonlyMap<Uuid, AnyRow>,
  after: ReadonlyMap<Uuid, AnyRow>,
): Change[] {
  const gone = [...before]
    .filter(([uuid]) => !after.has(uuid))
    .map(([, old]) => ({ table, old, row: undefined }));
  const changed = [...after].flatMap(([uuid, row]) => {
    const old = before.get(uuid);
    return old !== undefined && sameRow(old, row) ? [] : [{ table, old, row }];
  });
  return [...gone, ...changed];
}

function sameRow(a: AnyRow, b: AnyRow): boolean {
  return Object.keys(b).every((name) => sameValue(a[name], b[name]));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function entriesOf(value: unknown): [string, unknown][] {
  return isRecord(value) ? Object.entries(value) : [];
}
