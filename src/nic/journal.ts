import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { removeWhole, writeWhole } from '../daemon/whole_file.js';
import { type BootTime, bootTime, secondsBetween } from '../host/boot_time.js';
import { readObject } from '../host/ip_json.js';
import { BOOT_TIME, SNAPSHOT } from '../host/ip_shapes.js';
import { FOREVER, type Snapshot } from '../host/snapshot.js';
import { ProductError } from '../net/errors.js';

/** The batches of a move; each is a file beside the journal. */
export type BatchName = 'rules6' | 'additions' | 'move' | 'old-rules6';
const BATCHES: readonly BatchName[] = ['rules6', 'additions', 'move', 'old-rules6'];

/** The content of the journal's file. */
interface Entry {
  /** When the file was written. */
  readonly at: BootTime;
  readonly snapshot: Snapshot;
}

/** The folders of a move's files. */
export interface JournalFolders {
  /** Outlives a reboot and a power loss. */
  readonly stateDir: string;
  /** Deleted by a reboot. */
  readonly rundir: string;
}

/**
 * The snapshot of the device when a move began, in a file that is on the disk from before the first change until the move
 * has ended. If the next run finds the file, the previous move was interrupted, and the snapshot's contents must not be
 * lost. The batches of `ip` are of use only until the next reboot, and are written while the host may be cut off: they
 * are not synced.
 */
export class Journal {
  /** Whether something that the journal lists may be on neither device. */
  isNeeded = false;
  private readonly path: string;
  private readonly batches: string;

  constructor(
    { stateDir, rundir }: JournalFolders,
    nic: string,
    private readonly now: () => BootTime = bootTime,
  ) {
    this.path = join(stateDir, `move.${nic}.json`);
    this.batches = join(rundir, `ovn-k8s-util.${nic}`);
  }

  /**
   * Returns the snapshot of an interrupted move, its lifetimes reduced by the time since; `undefined` if there is none.
   * The snapshot of an earlier boot counts as none: the kernel has forgotten what it lists, and the host has configured
   * the NIC anew, perhaps with another lease.
   * @throws ProductError `ERR_JOURNAL`
   */
  read(): Snapshot | undefined {
    try {
      const now = this.now();
      const { at, snapshot } = readEntry(JSON.parse(readFileSync(this.path, 'utf8')));
      return at.boot === now.boot ? aged(snapshot, secondsBetween(at, now)) : undefined;
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw new ProductError(
        'ERR_JOURNAL',
        `cannot read ${this.path}, left by an interrupted move; see what it has, then delete it`,
        { cause: error },
      );
    }
  }

  /** Writes the snapshot, and returns when it is on the disk. @throws ProductError `ERR_JOURNAL` */
  write(snapshot: Snapshot): void {
    const entry: Entry = { at: this.now(), snapshot };
    this.put(this.path, JSON.stringify(entry), { sync: true });
  }

  /** Writes the lines of one `ip -batch`; returns the file's name. */
  writeBatch(name: BatchName, lines: readonly string[]): string {
    const file = this.batchFile(name);
    this.put(file, lines.map((line) => `${line}\n`).join(''), { sync: false });
    return file;
  }

  /** Deletes the files, since the move has ended. */
  remove(): void {
    for (const name of BATCHES) removeWhole(this.batchFile(name));
    removeWhole(this.path);
  }

  private batchFile(name: BatchName): string {
    return `${this.batches}.${name}`;
  }

  private put(path: string, text: string, { sync }: { readonly sync: boolean }): void {
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
      writeWhole(path, text, { mode: 0o600, sync });
    } catch (error) {
      throw new ProductError('ERR_JOURNAL', `cannot write ${path}`, { cause: error });
    }
  }
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
