import { isDeepStrictEqual } from 'node:util';

/** Keeps a value while those that follow are equal to it, so that what is computed from it stays valid ({@link Memo}). */
export class Kept<T> {
  constructor(private last: T) {}

  get value(): T {
    return this.last;
  }

  /** Returns the last value again if `value` is equal to it, else keeps `value`. */
  keep(value: T): T {
    if (!isDeepStrictEqual(value, this.last)) this.last = value;
    return this.last;
  }
}
