import { fnv1a } from './cookie.js';

/**
 * A change copies one part and shares the others. Of 50,000 entries a part has some 50: what is copied for one
 * change is about as much as the list of the parts.
 */
const PARTS = 1024;

type Part<V> = ReadonlyMap<string, V>;
const NOTHING: Part<never> = new Map<string, never>();

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
  static readonly EMPTY: Keyed<never> = new Keyed(new Array<Part<never>>(PARTS).fill(NOTHING), 0);

  private constructor(
    private readonly parts: readonly Part<V>[],
    readonly size: number,
  ) {}

  /** Of two entries with one key the later counts. */
  static of<V>(entries: Iterable<readonly [key: string, value: V]>): Keyed<V> {
    return (Keyed.EMPTY as Keyed<V>).with(entries);
  }

  get(key: string): V | undefined {
    return this.parts[partOf(key)]?.get(key);
  }

  /** This collection with the values of `entries`; `undefined` takes a key out. */
  with(entries: Iterable<readonly [key: string, value: V | undefined]>): Keyed<V> {
    const copies = new Map<number, Map<string, V>>();
    let { size } = this;
    for (const [key, value] of entries) {
      const index = partOf(key);
      const copy = copies.get(index) ?? new Map(this.parts[index]);
      copies.set(index, copy);
      size -= copy.size;
      if (value === undefined) copy.delete(key);
      else copy.set(key, value);
      size += copy.size;
    }
    if (copies.size === 0) return this;
    const parts = [...this.parts];
    for (const [index, copy] of copies) parts[index] = copy.size === 0 ? NOTHING : copy;
    return new Keyed(parts, size);
  }

  *[Symbol.iterator](): Iterator<V> {
    for (const part of this.parts) yield* part.values();
  }

  toJSON(): V[] {
    return [...this];
  }

  /** Where `after` is not the very same as this; parts that both share are passed over. */
  differences<B>(after: Keyed<B>): Difference<V, B>[] {
    const found: Difference<V, B>[] = [];
    for (let index = 0; index < PARTS; index += 1) {
      const [mine, theirs] = [this.parts[index] ?? NOTHING, after.parts[index] ?? NOTHING];
      if (Object.is(mine, theirs)) continue;
      for (const [key, value] of mine) {
        const other = theirs.get(key);
        if (!Object.is(value, other)) found.push({ key, before: value, after: other });
      }
      for (const [key, value] of theirs)
        if (!mine.has(key)) found.push({ key, before: undefined, after: value });
    }
    return found;
  }
}

function partOf(key: string): number {
  return fnv1a(key) % PARTS;
}
