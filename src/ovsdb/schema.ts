import type { AnyColumn, Columns, Database } from './columns.js';
import { BadReply, SchemaMismatch } from './errors.js';

/** The type of a column: that of its atoms, and how many there are (RFC 7047 section 3.2). */
interface WireColumn {
  readonly atom: string;
  readonly shape: AnyColumn['shape'];
  /** The only strings that the column takes; empty if it takes any. */
  readonly values: readonly string[];
}

/** The part of the reply to `get_schema` that is checked: columns by table and name. */
export type WireSchema = ReadonlyMap<string, ReadonlyMap<string, WireColumn>>;

/** Parses the reply to `get_schema`. @throws BadReply */
export function parseSchema(reply: unknown): WireSchema {
  const tables = entriesOf(memberOf(reply, 'tables'), 'tables');
  return new Map(
    tables.map(([name, table]) => {
      const columns = entriesOf(memberOf(table, 'columns'), `columns of ${name}`);
      return [name, new Map(columns.map(([column, { type }]) => [column, parseType(type)]))];
    }),
  );
}

function parseType(type: unknown): WireColumn {
  if (typeof type === 'string') return { atom: type, shape: 'scalar', values: [] };
  const key = memberOf(type, 'key');
  const atom = typeof key === 'string' ? key : memberOf(key, 'type');
  if (typeof atom !== 'string') throw new BadReply('the schema has a column without a type');
  const [value, min = 1, max = 1] = [memberOf(type, 'value'), memberOf(type, 'min'), memberOf(type, 'max')];
  const shape = value !== undefined ? 'map' : max !== 1 ? 'set' : min === 0 ? 'optional' : 'scalar';
  return { atom, shape, values: stringsOf(memberOf(key, 'enum')) };
}

/** Returns the strings of an enumeration: one string, or a set in the wire's form (RFC 7047 section 5.1). */
function stringsOf(values: unknown): string[] {
  const all = Array.isArray(values) && Array.isArray(values[1]) ? values[1] : [values];
  return all.filter((one) => typeof one === 'string');
}

type Members = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function memberOf(value: unknown, name: string): unknown {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

function entriesOf(value: unknown, what: string): [string, Members][] {
  if (!isObject(value)) throw new BadReply(`the schema has no ${what}`);
  return Object.entries(value).map(([name, one]) => {
    if (!isObject(one)) throw new BadReply(`the schema has no ${what}`);
    return [name, one];
  });
}

/** A table of the descriptor, compared with the server's schema. */
export interface ServedTable {
  /** All columns of a row. Those that an older server lacks stay empty. */
  readonly columns: Columns;
  /** The columns that the server has, which are monitored. */
  readonly present: readonly string[];
  /** The only strings that the server takes, by column; empty where it takes any, and if its schema is presumed. */
  readonly values: ReadonlyMap<string, readonly string[]>;
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

/** Returns `tables` with all columns of the descriptor, as a server of this product's time has them. */
export function presumedTables(database: Database, tables: readonly string[]): ServedTables {
  return new Map(
    tables.map((name) => {
      const columns = database.tables[name] ?? {};
      return [name, { columns, present: Object.keys(columns), values: new Map() }];
    }),
  );
}

function checkTable(database: Database, schema: WireSchema, name: string): ServedTable {
  const served = schema.get(name);
  if (served === undefined) throw new SchemaMismatch(database.name, `the server has no table ${name}`);
  const columns = database.tables[name] ?? {};
  const present = Object.entries(columns).filter(([column, wanted]) => {
    const actual = served.get(column);
    if (actual === undefined && wanted.mayBeAbsent) return false;
    if (actual === undefined)
      throw new SchemaMismatch(database.name, `the server's table ${name} has no column ${column}`);
    if (wanted.shape !== actual.shape || wanted.atom !== actual.atom) {
      throw new SchemaMismatch(
        database.name,
        `column ${column} of the server's table ${name} is not ${wanted.shape} of ${wanted.atom}`,
      );
    }
    return true;
  });
  const names = present.map(([column]) => column);
  return {
    columns,
    present: names,
    values: new Map(names.map((one) => [one, served.get(one)?.values ?? []])),
  };
}
