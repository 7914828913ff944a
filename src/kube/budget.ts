/** The memory that the copies of one API server's objects may take together, as an estimate in bytes. */
const MOST_BYTES = 48 * 1024 * 1024;

/** Limits what several copies of objects take together. */
export class Budget {
  private readonly shares = new Map<object, number>();

  constructor(readonly most: number = MOST_BYTES) {}

  /** Returns whether `owner` may take `bytes` and records it then; what it took before is given back. */
  take(owner: object, bytes: number): boolean {
    let others = 0;
    for (const [one, share] of this.shares) if (one !== owner) others += share;
    if (others + bytes > this.most) return false;
    this.shares.set(owner, bytes);
    return true;
  }
}
