import { fnv1a } from './cookie.js';

/**
 * Rows of parts, so many of each. A change copies one part, its row and the list of rows, and shares the others: of
 * 50,000 entries a part has some 12.
 */
const WIDTH = 64;

type Part<V> = ReadonlyMap<string, V>;
type Row<V> = readonly Part<V>[];
const NOTHING: Part<never> = new Map<string, never>();
const EMPTY_ROW: Row<never> = new Array<Part<never>>(WIDTH).fill(NOTHING);

/** What differs at one key: `undefined` where a side has nothing. */
export interface Difference<A, B> {
  readonly key: string;
  readonly before: A | undefined;
  readonly after: B | undefined;
}

/**
 * An immutable collection by key. One made from another by {@link with} shares what did not change, and so costs
 * what did; and two that share are compared at the cost of what differs. Iterating gives values, in no useful order.
 */
export class Keyed<V> implements Iterable<V> {
  static readonly EMPTY: Keyed<never> = new Keyed(new Array<Row<never>>(WIDTH).fill(EMPTY_ROW), 0);

  private constructor(
    private readonly rows: readonly Row<V>[],
    readonly size: number,
  ) {}

  /** Of two entries with one key the later counts. */
  static of<V>(entries: Iterable<readonly [key: string, value: V]>): Keyed<V> {
    return (Keyed.EMPTY as Keyed<V>).with(entries);
  }

  get(key: string): V | undefined {
    return this.part(placeOf(key)).get(key);
  }

  /** This collection with the values of `entries`; `undefined` takes a key out. */
  with(entries: Iterable<readonly [key: string, value: V | undefined]>): Keyed<V> {
    const copies = new Map<number, Map<string, V>>();
    let { size } = this;
    for (const [key, value] of entries) {
      const place = placeOf(key);
      const copy = copies.get(place) ?? new Map(this.part(place));
      copies.set(place, copy);
      size -= copy.size;
      if (value === undefined) copy.delete(key);
      else copy.set(key, value);
      size += copy.size;
    }
    if (copies.size === 0) return this;
    const rows = new Map<number, Part<V>[]>();
    for (const [place, copy] of copies) {
      const row = rows.get(rowOf(place)) ?? [...(this.rows[rowOf(place)] ?? EMPTY_ROW)];
      row[place % WIDTH] = copy.size === 0 ? NOTHING : copy;
      rows.set(rowOf(place), row);
    }
    return new Keyed(
      this.rows.map((row, index) => rows.get(index) ?? row),
      size,
    );
  }

  *[Symbol.iterator](): Iterator<V> {
    for (const row of this.rows) for (const part of row) yield* part.values();
  }

  toJSON(): V[] {
    return [...this];
  }

  /** Where `after` is not the very same as this; what both share is passed over. */
  differences<B>(after: Keyed<B>): Difference<V, B>[] {
    const found: Difference<V, B>[] = [];
    for (const [index, row] of this.rows.entries()) {
      const others = after.rows[index] ?? EMPTY_ROW;
      if (Object.is(row, others)) continue;
      for (const [column, mine] of row.entries()) compareParts(mine, others[column] ?? NOTHING, found);
    }
    return found;
  }

  private part(place: number): Part<V> {
    return this.rows[rowOf(place)]?.[place % WIDTH] ?? NOTHING;
  }
}

function compareParts<A, B>(mine: Part<A>, theirs: Part<B>, found: Difference<A, B>[]): void {
  if (Object.is(mine, theirs)) return;
  for (const [key, value] of mine) {
    const other = theirs.get(key);
    if (!Object.is(value, other)) found.push({ key, before: value, after: other });
  }
  for (const [key, value] of theirs) if (!mine.has(key)) found.push({ key, before: undefined, after: value });
}

function placeOf(key: string): number {
  return fnv1a(key) % (WIDTH * WIDTH);
}

function rowOf(place: number): number {
  return Math.floor(place / WIDTH);
}
