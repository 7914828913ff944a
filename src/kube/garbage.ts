import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** An estimate of the memory of one parsed value, in bytes. */
const VALUE_BYTES = 40;
/** How much memory, by the estimate, may be left over at a time. */
const MOST_BYTES = 40 * 1024 * 1024;

/**
 * Collects what is left of parsed answers. V8 collects late: a server that fills every answer to its bound would make a
 * process take twice the memory that it needs. A full collection takes some 50 ms. A list of 10,000 services causes one,
 * and 1,500 pods cause one.
 */
export class Garbage {
  private bytes = 0;

  constructor(private readonly collect: () => void = collectAll) {}

  /** Counts an answer that is about to be parsed. Collects what is left of the answers before it, if that is much. */
  add(answer: { readonly bytes: number; readonly values: number }): void {
    const bytes = answer.bytes + VALUE_BYTES * answer.values;
    this.bytes += bytes;
    if (this.bytes <= MOST_BYTES) return;
    this.bytes = bytes;
    this.collect();
  }
}

let gc: (() => void) | undefined;

/** Makes a full collection. Node has it only behind a flag, which can be set at run time (node:v8). */
function collectAll(): void {
  if (gc === undefined) {
    setFlagsFromString('--expose-gc');
    gc = runInNewContext('gc') as () => void;
  }
  gc();
}
