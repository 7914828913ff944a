import type { RowInput, RowOf, RowRef, TableName, Uuid } from '../ovsdb/columns.js';
import type { ovnNorthbound } from '../ovsdb/tables/ovn_northbound.js';
import type { NorthboundTransaction, NorthboundView } from './connection.js';

type Schema = typeof ovnNorthbound;
type Table = TableName<Schema>;
type Columns = Readonly<Record<string, unknown>>;
type Pairs = Readonly<Record<string, string>>;
/** Columns that refer to the rows which a row holds. */
type Holder = 'ports' | 'static_routes' | 'policies' | 'nat' | 'load_balancer_group';
/** Columns that refer to one root row. */
type Reference = 'allowed_ext_ips';
/** Map columns: the product owns some of their pairs, operators own the others. */
type MapColumn = 'external_ids' | 'options' | 'other_config';

/** A desired row, with the rows that it holds. */
export interface Wanted {
  readonly table: Table;
  /** The columns that identify the row among its siblings; a map identifies by the pairs given here. */
  readonly is: Columns;
  /** Columns that always get these values. */
  readonly set: Columns;
  /** Columns that get these values when the row is inserted, and are left alone afterwards. */
  readonly initially: Columns;
  /** Pairs that the row's maps must have; `undefined` deletes a pair. Other pairs are left alone. */
  readonly pairs: Readonly<Partial<Record<MapColumn, Readonly<Record<string, string | undefined>>>>>;
  /** The desired rows that this row holds. */
  readonly holds: Readonly<Partial<Record<Holder, readonly Wanted[]>>>;
  /** The desired root row that each of these columns refers to. */
  readonly refers: Readonly<Partial<Record<Reference, Wanted>>>;
  /** The `external_ids` of held rows that are removed when they are not desired. */
  readonly sheds: Readonly<Partial<Record<Holder, Pairs>>>;
}

/** Returns a {@link Wanted} whose columns the compiler checks against the table. */
export function wanted<N extends Table>(
  table: N,
  {
    is,
    set = {},
    initially = {},
    ...rest
  }: {
    readonly is: RowInput<Schema, N>;
    readonly set?: RowInput<Schema, N>;
    readonly initially?: RowInput<Schema, N>;
  } & Partial<Pick<Wanted, 'pairs' | 'holds' | 'refers' | 'sheds'>>,
): Wanted {
  return { table, is, set, initially, pairs: {}, holds: {}, refers: {}, sheds: {}, ...rest };
}

/** Root tables; a row of another table exists as long as some row refers to it (ovn-nb.ovsschema, `isRoot`). */
const ROOTS: readonly Table[] = ['Logical_Router', 'Logical_Switch', 'Load_Balancer_Group', 'Address_Set'];
/** The tables of the rows that each column refers to. */
const TABLE_HELD: Readonly<Record<Holder, readonly [Table, ...Table[]]>> = {
  ports: ['Logical_Switch_Port', 'Logical_Router_Port'],
  static_routes: ['Logical_Router_Static_Route'],
  policies: ['Logical_Router_Policy'],
  nat: ['NAT'],
  load_balancer_group: ['Load_Balancer_Group'],
};

/**
 * Adds to `txn` the operations that turn the rows of `db` into the desired rows; none if they already are.
 *
 * The commit fails with `WaitTimedOut` if another client has meanwhile inserted a root row of the same name, or
 * changed which rows a row holds. The caller then computes the transaction again.
 */
export function reconcileRows(
  db: NorthboundView,
  txn: NorthboundTransaction,
  roots: readonly Wanted[],
): void {
  const placed = new Map<Wanted, Uuid | RowRef>();

  const place = (row: Wanted, siblings: readonly Uuid[]): Uuid | RowRef => {
    const known = placed.get(row);
    if (known !== undefined) return known;
    const found = find(db, row, siblings);
    if (found !== undefined) mend(row, found);
    const reference = found?._uuid ?? make(row);
    placed.set(row, reference);
    return reference;
  };

  const make = (row: Wanted): RowRef => {
    const held = Object.entries(row.holds).map(([column, children]) => [
      column,
      children.map((child) => place(child, [])),
    ]);
    if (ROOTS.includes(row.table) && 'name' in row.is) txn.expectNone(row.table, row.is);
    return txn.insert(row.table, { ...initialColumns(row), ...Object.fromEntries(held), ...references(row) });
  };

  const references = (row: Wanted): Columns =>
    Object.fromEntries(Object.entries(row.refers).map(([column, one]) => [column, place(one, [])]));

  const mend = (row: Wanted, actual: AnyRow): void => {
    const changed = Object.entries({ ...row.set, ...references(row) }).filter(
      ([column, value]) => !isSame(actual[column], value),
    );
    txn.update(row.table, actual._uuid, Object.fromEntries(changed));
    for (const [column, pairs] of Object.entries(row.pairs)) {
      const mutation = pairMutation(mapOf(actual[column]), pairs);
      if (mutation !== undefined) txn.mutate(row.table, actual._uuid, { [column]: mutation });
    }
    for (const column of holders(row)) hold(row, actual, column);
  };

  const hold = (row: Wanted, actual: AnyRow, column: Holder): void => {
    const there = uuidsOf(actual[column]);
    const children = (row.holds[column] ?? []).map((child) => place(child, there));
    const mark = row.sheds[column];
    const gone =
      mark === undefined
        ? []
        : there.filter((uuid) => !children.includes(uuid) && isMarked(db, column, uuid, mark));
    const fresh = children.filter((child) => typeof child !== 'string' || !there.includes(child));
    if (fresh.length + gone.length === 0) return;
    txn.expect(row.table, actual._uuid, { [column]: there });
    txn.mutate(row.table, actual._uuid, {
      [column]: {
        ...(gone.length > 0 ? { delete: gone } : {}),
        ...(fresh.length > 0 ? { insert: fresh } : {}),
      },
    });
  };

  for (const root of roots) place(root, []);
}

type AnyRow = RowOf<Schema, Table> & Columns;

function find(db: NorthboundView, row: Wanted, siblings: readonly Uuid[]): AnyRow | undefined {
  const fits = (one: AnyRow) => Object.entries(row.is).every(([column, value]) => isLike(one[column], value));
  if (ROOTS.includes(row.table))
    return db.find(row.table, (one) => fits(one as AnyRow)) as AnyRow | undefined;
  const rows = db.table(row.table);
  return siblings.flatMap((uuid) => (rows.get(uuid) as AnyRow | undefined) ?? []).find(fits);
}

function initialColumns(row: Wanted): Columns {
  const maps = Object.entries(row.pairs).map(([column, pairs]) => {
    const given = Object.entries(pairs).flatMap(([key, value]) =>
      value === undefined ? [] : [[key, value] as const],
    );
    return [column, new Map([...mapOf(row.is[column]), ...mapOf(row.set[column]), ...given])];
  });
  return { ...row.is, ...row.initially, ...row.set, ...Object.fromEntries(maps) };
}

function pairMutation(
  actual: ReadonlyMap<string, string>,
  pairs: Readonly<Record<string, string | undefined>>,
): { set: Record<string, string>; delete: string[] } | undefined {
  const differing = Object.entries(pairs).filter(([key, value]) => actual.get(key) !== value);
  if (differing.length === 0) return undefined;
  return {
    set: Object.fromEntries(differing.flatMap(([key, value]) => (value === undefined ? [] : [[key, value]]))),
    delete: differing.flatMap(([key, value]) => (value === undefined ? [key] : [])),
  };
}

function holders(row: Wanted): Holder[] {
  return [...new Set([...Object.keys(row.holds), ...Object.keys(row.sheds)])] as Holder[];
}

function isMarked(db: NorthboundView, column: Holder, uuid: Uuid, mark: Pairs): boolean {
  return TABLE_HELD[column].some((table) => {
    const row = db.table(table).get(uuid) as AnyRow | undefined;
    return row !== undefined && isLike(row.external_ids, new Map(Object.entries(mark)));
  });
}

/** Returns whether a column has the value; a map needs to have only the given pairs. */
function isLike(actual: unknown, value: unknown): boolean {
  if (!(value instanceof Map)) return isSame(actual, value);
  return [...value].every(([key, one]) => mapOf(actual).get(key) === one);
}

function isSame(actual: unknown, value: unknown): boolean {
  if (Array.isArray(actual) && Array.isArray(value)) {
    return actual.length === value.length && value.every((one) => actual.includes(one));
  }
  if (actual instanceof Map && value instanceof Map)
    return actual.size === value.size && isLike(actual, value);
  return actual === value;
}

function mapOf(value: unknown): ReadonlyMap<string, string> {
  return value instanceof Map ? value : new Map();
}

function uuidsOf(value: unknown): readonly Uuid[] {
  return Array.isArray(value) ? value : [];
}
