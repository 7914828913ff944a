import type { AnyColumn, Columns, Database } from './columns.js';
import { SchemaMismatch } from './errors.js';

/** A column in the reply to `get_schema` (RFC 7047 section 3.2): the name of a type, or its key, value and number. */
interface WireColumn {
  readonly type:
    | string
    | {
        readonly key: WireBase;
        readonly value?: WireBase;
        readonly min?: number;
        readonly max?: number | 'unlimited';
      };
}
type WireBase = string | { readonly type: string };

/** The part of the reply to `get_schema` that is checked. */
export interface WireSchema {
  readonly tables: Readonly<Record<string, { readonly columns: Readonly<Record<string, WireColumn>> }>>;
}

/** A table of the descriptor, compared with the server's schema. */
export interface ServedTable {
  /** All columns of a row. Those that an older server lacks stay empty. */
  readonly columns: Columns;
  /** The columns that the server has, which are monitored. */
  readonly present: readonly string[];
}

/** The monitored tables, by name. */
export type ServedTables = ReadonlyMap<string, ServedTable>;

/**
 * Compares the descriptor of `database` with the server's schema.
 * @returns each of `tables` with the columns that the server has
 * @throws SchemaMismatch naming the first table or column that is missing or of another type
 */
export function checkSchema(database: Database, schema: WireSchema, tables: readonly string[]): ServedTables {
  return new Map(tables.map((name) => [name, checkTable(database, schema, name)]));
}

function checkTable(database: Database, schema: WireSchema, name: string): ServedTable {
  const served = schema.tables[name]?.columns;
  if (served === undefined) throw new SchemaMismatch(database.name, `the server has no table ${name}`);
  const columns = database.tables[name] ?? {};
  const present = Object.entries(columns).filter(([column, wanted]) => {
    const actual = served[column];
    if (actual === undefined && wanted.mayBeAbsent) return false;
    if (actual === undefined)
      throw new SchemaMismatch(database.name, `the server's table ${name} has no column ${column}`);
    if (!fits(wanted, actual)) {
      throw new SchemaMismatch(
        database.name,
        `column ${column} of the server's table ${name} is not ${wanted.shape} of ${wanted.atom}`,
      );
    }
    return true;
  });
  return { columns, present: present.map(([column]) => column) };
}

function fits(wanted: AnyColumn, { type }: WireColumn): boolean {
  const { key, value, min = 1, max = 1 } = typeof type === 'string' ? { key: type } : type;
  const atom = typeof key === 'string' ? key : key.type;
  const shape = value !== undefined ? 'map' : max !== 1 ? 'set' : min === 0 ? 'optional' : 'scalar';
  return shape === wanted.shape && atom === wanted.atom;
}
