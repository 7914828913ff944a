/** The `_uuid` of a row. */
export type Uuid = string & { readonly __brand: 'Uuid' };

/** A row that a transaction inserts; stands for the row's uuid inside that transaction. */
export class RowRef {
  constructor(
    readonly table: string,
    /** The number of the operation that inserts it, from 0. */
    readonly operation: number,
  ) {}

  get name(): string {
    return `row${this.operation}`;
  }
}

export type AtomType = 'string' | 'integer' | 'real' | 'boolean' | 'uuid';
export type Atom = string | number | boolean | RowRef;

/** The type of a column: the type of its atoms and how many there are (RFC 7047 section 3.2). */
export interface Column<T, I = T> {
  readonly shape: 'scalar' | 'optional' | 'set' | 'map';
  readonly atom: AtomType;
  /** Whether older servers that are supported may lack the column, which then reads as empty. */
  readonly mayBeAbsent: boolean;
  /** Types only: the type of the value in a row of the cache, and of a value to write. */
  readonly reads?: T;
  readonly writes?: I;
}

export const string: Column<string> = { shape: 'scalar', atom: 'string', mayBeAbsent: false };
export const integer: Column<number> = { shape: 'scalar', atom: 'integer', mayBeAbsent: false };
export const boolean: Column<boolean> = { shape: 'scalar', atom: 'boolean', mayBeAbsent: false };
export const uuid: Column<Uuid, Uuid | RowRef> = { shape: 'scalar', atom: 'uuid', mayBeAbsent: false };

export function optional<T, I>(column: Column<T, I>): Column<T | undefined, I | undefined> {
  return { shape: 'optional', atom: column.atom, mayBeAbsent: false };
}

export function setOf<T, I>(column: Column<T, I>): Column<readonly T[], readonly I[]> {
  return { shape: 'set', atom: column.atom, mayBeAbsent: false };
}

/** A map from strings to strings, the only kind of map that the product uses. */
export const stringMap: Column<ReadonlyMap<string, string>> = {
  shape: 'map',
  atom: 'string',
  mayBeAbsent: false,
};

/** Marks a column that older servers may lack. */
export function newer<T, I>(column: Column<T, I>): Column<T, I> {
  return { ...column, mayBeAbsent: true };
}

/** A column of any type. */
export type AnyColumn = Column<unknown, unknown>;
export type Columns = Readonly<Record<string, AnyColumn>>;

/** The tables of one database that the product uses, and their columns. */
export interface Database<T extends Readonly<Record<string, Columns>> = Readonly<Record<string, Columns>>> {
  readonly name: string;
  readonly tables: T;
}

export function database<const T extends Readonly<Record<string, Columns>>>(
  name: string,
  tables: T,
): Database<T> {
  return { name, tables };
}

export type TableName<D extends Database> = keyof D['tables'] & string;
type ReadsOf<C> = C extends Column<infer T, infer _I> ? T : never;
type WritesOf<C> = C extends Column<infer _T, infer I> ? I : never;

/** A row as the cache holds it. */
export type RowOf<D extends Database, N extends TableName<D>> = { readonly _uuid: Uuid } & {
  readonly [C in keyof D['tables'][N]]: ReadsOf<D['tables'][N][C]>;
};

/** Columns of a row to write. An insert gives the others their default; an update keeps them. */
export type RowInput<D extends Database, N extends TableName<D>> = {
  readonly [C in keyof D['tables'][N]]?: WritesOf<D['tables'][N][C]>;
};
