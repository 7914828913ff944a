import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { removeWhole, writeWhole } from '../daemon/whole_file.js';
import { type BootTime, bootTime, secondsBetween } from '../host/boot_time.js';
import { readObject } from '../host/ip_json.js';
import { BOOT_TIME, SNAPSHOT } from '../host/ip_shapes.js';
import { FOREVER, type Snapshot } from '../host/snapshot.js';
import { ProductError } from '../net/errors.js';

/** The batches of a move; each is a file beside the journal. */
export type BatchName = 'rules6' | 'move' | 'old-rules6';
const BATCHES: readonly BatchName[] = ['rules6', 'move', 'old-rules6'];

/** The content of the journal's file. */
interface Entry {
  /** When the file was written. */
  readonly at: BootTime;
  readonly snapshot: Snapshot;
}

/**
 * The snapshot of the device when a move began, in a file that exists until the move has ended. If the next run finds
 * the file, the previous move was interrupted, and the snapshot's contents must not be lost.
 */
export class Journal {
  private readonly path: string;

  constructor(
    rundir: string,
    nic: string,
    private readonly now: () => BootTime = bootTime,
    private readonly timeOfDay: () => number = Date.now,
  ) {
    this.path = join(rundir, `ovn-k8s-util.${nic}.json`);
  }

  /**
   * Returns the snapshot of an interrupted move, its lifetimes reduced by the time since; `undefined` if there is none.
   * @throws ProductError `ERR_JOURNAL`
   */
  read(): Snapshot | undefined {
    try {
      const now = this.now();
      const entry = withBootTime(JSON.parse(readFileSync(this.path, 'utf8')), now, this.timeOfDay());
      const { at, snapshot } = readEntry(entry);
      return aged(snapshot, secondsBetween(at, now));
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw new ProductError(
        'ERR_JOURNAL',
        `cannot read ${this.path}, left by an interrupted move; see what it has, then delete it`,
        { cause: error },
      );
    }
  }

  /** Writes the snapshot. @throws ProductError `ERR_JOURNAL` */
  write(snapshot: Snapshot): void {
    const entry: Entry = { at: this.now(), snapshot };
    this.put(this.path, JSON.stringify(entry));
  }

  /** Writes the lines of one `ip -batch`; returns the file's name. */
  writeBatch(name: BatchName, lines: readonly string[]): string {
    const file = this.batchFile(name);
    this.put(file, lines.map((line) => `${line}\n`).join(''));
    return file;
  }

  /** Deletes the files, since the move has ended. */
  remove(): void {
    for (const name of BATCHES) removeWhole(this.batchFile(name));
    removeWhole(this.path);
  }

  private batchFile(name: BatchName): string {
    return `${this.path}.${name}`;
  }

  private put(path: string, text: string): void {
    try {
      // Between two steps of a move the host is cut off, and a disk can take long to sync.
      writeWhole(path, text, { mode: 0o600, sync: false });
    } catch (error) {
      throw new ProductError('ERR_JOURNAL', `cannot write ${path}`, { cause: error });
    }
  }
}

/** Converts the time in a journal of an earlier version, the time of day in milliseconds since 1970. */
function withBootTime(entry: unknown, now: BootTime, timeOfDay: number): unknown {
  const isOld = typeof entry === 'object' && entry !== null && 'at' in entry && typeof entry.at === 'number';
  if (!isOld) return entry;
  const age = Math.max(0, Math.floor((timeOfDay - Number(entry.at)) / 1_000));
  return { ...entry, at: { boot: now.boot, seconds: now.seconds - age } };
}

/** @throws ProductError `ERR_IP` naming the field that is wrong */
function readEntry(value: unknown): Entry {
  const shape = {
    required: ['at', 'snapshot'],
    fields: { at: { one: BOOT_TIME }, snapshot: { one: SNAPSHOT } },
  } as const;
  const entry = readObject<Entry>(value, shape, 'the journal');
  if (entry?.at === undefined || entry.snapshot === undefined)
    throw new ProductError('ERR_JOURNAL', 'the journal is empty');
  return entry;
}

/** Returns the snapshot as it would be after `seconds`, without entries that have expired. */
export function aged(snapshot: Snapshot, seconds: number): Snapshot {
  const left = (lifetime: number) => (lifetime === FOREVER ? FOREVER : Math.max(0, lifetime - seconds));
  const addresses = snapshot.addresses.map((one) => ({
    ...one,
    valid_life_time: left(one.valid_life_time ?? FOREVER),
    preferred_life_time: left(one.preferred_life_time ?? FOREVER),
  }));
  // `expires 0`: the route does not expire.
  const routes = snapshot.routes.filter(({ expires = 0 }) => expires === 0 || expires > seconds);
  return {
    ...snapshot,
    addresses: addresses.filter(({ valid_life_time }) => valid_life_time > 0),
    routes: routes.map((one) => (one.expires ? { ...one, expires: one.expires - seconds } : one)),
  };
}
