/** A linear congruential generator (Numerical Recipes): two runs with one seed draw the same. */
export class Random {
  constructor(private state: number) {}

  below(limit: number): number {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.state / 0x1_0000_0000) * limit);
  }

  /** Returns one of the items; throws `RangeError` if there is none. */
  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError('nothing to pick from');
    return items[this.below(items.length)] as T;
  }

  /** Returns some of the items, in their order. */
  some<T>(items: readonly T[]): T[] {
    return items.filter(() => this.below(2) === 1);
  }
}
