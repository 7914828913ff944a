import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FOREVER, type Snapshot } from '../host/snapshot.js';
import { ProductError } from '../net/errors.js';

/** The batches of a move, each a file beside the journal. */
export type BatchName = 'rules6' | 'move' | 'old-rules6';
const BATCHES: readonly BatchName[] = ['rules6', 'move', 'old-rules6'];

/** What is in the file. */
interface Entry {
  /** When it was written, in milliseconds since 1970. */
  readonly at: number;
  readonly snapshot: Snapshot;
}

/**
 * What was on the device when a move began, kept until it has ended: whoever finds it knows that a move was cut
 * off, and what must not be lost.
 */
export class Journal {
  private readonly path: string;

  constructor(rundir: string, nic: string) {
    this.path = join(rundir, `ovn-k8s-util.${nic}.json`);
  }

  /**
   * What a move that was cut off had before it, lifetimes less the time since; `undefined` when there was none.
   * @throws ProductError `ERR_JOURNAL`
   */
  read(): Snapshot | undefined {
    try {
      const { at, snapshot } = JSON.parse(readFileSync(this.path, 'utf8')) as Entry;
      return aged(snapshot, Math.max(0, Math.floor((Date.now() - at) / 1000)));
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw new ProductError(
        'ERR_JOURNAL',
        `cannot read ${this.path}, left by a move that was cut off; see what it has, then delete it`,
        { cause: error },
      );
    }
  }

  /** @throws ProductError `ERR_JOURNAL` */
  write(snapshot: Snapshot): void {
    const entry: Entry = { at: Date.now(), snapshot };
    this.put(this.path, JSON.stringify(entry));
  }

  /** Writes the lines of one `ip -batch`; returns the file. */
  writeBatch(name: BatchName, lines: readonly string[]): string {
    const file = this.batchFile(name);
    this.put(file, lines.map((line) => `${line}\n`).join(''));
    return file;
  }

  /** The move has ended. */
  remove(): void {
    for (const name of BATCHES) rmSync(this.batchFile(name), { force: true });
    rmSync(this.path, { force: true });
  }

  private batchFile(name: BatchName): string {
    return `${this.path}.${name}`;
  }

  private put(path: string, text: string): void {
    try {
      writeFileSync(`${path}.tmp`, text, { mode: 0o600 });
      renameSync(`${path}.tmp`, path);
    } catch (error) {
      throw new ProductError('ERR_JOURNAL', `cannot write ${path}`, { cause: error });
    }
  }
}

/** The snapshot as it would be after so many seconds; what has run out meanwhile is gone. */
export function aged(snapshot: Snapshot, seconds: number): Snapshot {
  const left = (lifetime: number) => (lifetime === FOREVER ? FOREVER : Math.max(0, lifetime - seconds));
  const addresses = snapshot.addresses.map((one) => ({
    ...one,
    valid_life_time: left(one.valid_life_time ?? FOREVER),
    preferred_life_time: left(one.preferred_life_time ?? FOREVER),
  }));
  // `expires 0` is that of a route without end.
  const routes = snapshot.routes.filter(({ expires = 0 }) => expires === 0 || expires > seconds);
  return {
    ...snapshot,
    addresses: addresses.filter(({ valid_life_time }) => valid_life_time > 0),
    routes: routes.map((one) => (one.expires ? { ...one, expires: one.expires - seconds } : one)),
  };
}
