import { fnv1a } from './cookie.js';

/**
 * A tree, so wide at each of three levels. A change copies a path of it and shares the rest, and of 50,000 entries a
 * leaf has one or two: a change costs as much among many as among few.
 */
const WIDTH = 32;
const LEAVES = WIDTH ** 3;

type Leaf<V> = ReadonlyMap<string, V>;
type Twig<V> = readonly Leaf<V>[];
type Branch<V> = readonly Twig<V>[];
type Tree<V> = readonly Branch<V>[];
const NO_LEAF: Leaf<never> = new Map<string, never>();
const NO_TWIG: Twig<never> = Array.from({ length: WIDTH }, () => NO_LEAF);
const NO_BRANCH: Branch<never> = Array.from({ length: WIDTH }, () => NO_TWIG);
const NO_TREE: Tree<never> = Array.from({ length: WIDTH }, () => NO_BRANCH);

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
  static readonly EMPTY: Keyed<never> = new Keyed(NO_TREE, 0);

  private constructor(
    private readonly tree: Tree<V>,
    readonly size: number,
  ) {}

  /** Of two entries with one key the later counts. */
  static of<V>(entries: Iterable<readonly [key: string, value: V]>): Keyed<V> {
    return (Keyed.EMPTY as Keyed<V>).with(entries);
  }

  get(key: string): V | undefined {
    return leafAt(this.tree, placeOf(key)).get(key);
  }

  /** This collection with the values of `entries`; `undefined` takes a key out. */
  with(entries: Iterable<readonly [key: string, value: V | undefined]>): Keyed<V> {
    const leaves = new Map<number, Map<string, V>>();
    let { size } = this;
    for (const [key, value] of entries) {
      const place = placeOf(key);
      const leaf = leaves.get(place) ?? new Map(leafAt(this.tree, place));
      leaves.set(place, leaf);
      size -= leaf.size;
      if (value === undefined) leaf.delete(key);
      else leaf.set(key, value);
      size += leaf.size;
    }
    return leaves.size === 0 ? this : new Keyed(grow(this.tree, leaves), size);
  }

  *[Symbol.iterator](): Iterator<V> {
    for (const branch of this.tree)
      for (const twig of branch) for (const leaf of twig) if (leaf !== NO_LEAF) yield* leaf.values();
  }

  toJSON(): V[] {
    return [...this];
  }

  /** Where `after` is not the very same as this; what both share is passed over. */
  differences<B>(after: Keyed<B>): Difference<V, B>[] {
    const found: Difference<V, B>[] = [];
    eachPair<Branch<V>, Branch<B>>(this.tree, after.tree, (branch, otherBranch) =>
      eachPair<Twig<V>, Twig<B>>(branch, otherBranch, (twig, otherTwig) =>
        eachPair<Leaf<V>, Leaf<B>>(twig, otherTwig, (leaf, otherLeaf) => compare(leaf, otherLeaf, found)),
      ),
    );
    return found;
  }
}

/** `tree` with these leaves in place of its own. */
function grow<V>(tree: Tree<V>, leaves: ReadonlyMap<number, Leaf<V>>): Tree<V> {
  const grown = tree.slice();
  const branches = new Map<number, Twig<V>[]>();
  const twigs = new Map<number, Leaf<V>[]>();
  for (const [place, leaf] of leaves) {
    const [inTree, inBranch, inTwig] = [branchOf(place), twigOf(place), place % WIDTH];
    const number = inTree * WIDTH + inBranch;
    const branch = branches.get(inTree) ?? (tree[inTree] ?? NO_BRANCH).slice();
    const twig = twigs.get(number) ?? (branch[inBranch] ?? NO_TWIG).slice();
    twig[inTwig] = leaf.size === 0 ? NO_LEAF : leaf;
    branch[inBranch] = twig;
    grown[inTree] = branch;
    branches.set(inTree, branch);
    twigs.set(number, twig);
  }
  return grown;
}

/** Hands what stands at the same place in both to `visit`, where it is not the same. */
function eachPair<A, B>(
  mine: readonly (A & object)[],
  theirs: readonly (B & object)[],
  visit: (mine: A, theirs: B) => void,
): void {
  for (let i = 0; i < WIDTH; i++) {
    const [one, other] = [mine[i], theirs[i]];
    if (one !== undefined && other !== undefined && !Object.is(one, other)) visit(one, other);
  }
}

function compare<A, B>(mine: Leaf<A>, theirs: Leaf<B>, found: Difference<A, B>[]): void {
  for (const [key, value] of mine) {
    const other = theirs.get(key);
    if (!Object.is(value, other)) found.push({ key, before: value, after: other });
  }
  for (const [key, value] of theirs) if (!mine.has(key)) found.push({ key, before: undefined, after: value });
}

function leafAt<V>(tree: Tree<V>, place: number): Leaf<V> {
  return tree[branchOf(place)]?.[twigOf(place)]?.[place % WIDTH] ?? NO_LEAF;
}

function placeOf(key: string): number {
  return fnv1a(key) % LEAVES;
}

function branchOf(place: number): number {
  return Math.floor(place / WIDTH ** 2);
}

function twigOf(place: number): number {
  return Math.floor(place / WIDTH) % WIDTH;
}
