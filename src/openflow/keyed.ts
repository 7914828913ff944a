import { fnv1a } from './cookie.js';

/**
 * The width of each of the tree's three levels. A change copies one path and shares the rest, and with 50,000 entries
 * a leaf has one or two, so a change costs the same in a large collection as in a small one.
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

/** A difference at one key. `before` or `after` is `undefined` if that side has no such key. */
export interface Difference<A, B> {
  readonly key: string;
  readonly before: A | undefined;
  readonly after: B | undefined;
}

/**
 * An immutable collection by key. {@link with} shares the unchanged parts, so it costs only what changes, and
 * comparing two collections that share parts costs only what differs. Iteration yields the values in no useful order.
 */
export class Keyed<V> implements Iterable<V> {
  static readonly EMPTY: Keyed<never> = new Keyed(NO_TREE, 0);

  private constructor(
    private readonly tree: Tree<V>,
    readonly size: number,
  ) {}

  /** Makes a collection of `entries`. If several have the same key, the last one counts. */
  static of<V>(entries: Iterable<readonly [key: string, value: V]>): Keyed<V> {
    return (Keyed.EMPTY as Keyed<V>).with(entries);
  }

  get(key: string): V | undefined {
    return leafAt(this.tree, placeOf(key)).get(key);
  }

  /** Returns this collection with `entries` set. The value `undefined` removes a key. */
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
    if (this.size === 0) return;
    for (const branch of this.tree)
      for (const twig of branch) for (const leaf of twig) if (leaf !== NO_LEAF) yield* leaf.values();
  }

  toJSON(): V[] {
    return [...this];
  }

  /** Returns every key at which `after` has another object than this. Shared parts are skipped. */
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

/** Returns `tree` with `leaves` in place of its own. */
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

/** Calls `visit` with the elements at each place at which the two differ. */
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
