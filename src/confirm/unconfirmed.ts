// A command that is taken back unless somebody confirms it in time, also when the session that ran it is gone:
// unconfirmed.ts is its file, keeper.ts the process that waits, start_keeper.ts starts that process, and command.ts has
// the commands `confirm` and `keep-unconfirmed`.
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { removeWhole, syncFolder, writeWhole } from '../daemon/whole_file.js';
import type { BootTime } from '../host/boot_time.js';
import { readObject, type Shape } from '../host/ip_json.js';
import { BOOT_TIME, SNAPSHOT } from '../host/ip_shapes.js';
import type { Snapshot } from '../host/snapshot.js';
import { ProductError } from '../net/errors.js';

/** A NIC as it was before the command. */
export interface FormerNic {
  /** The bridge that the NIC moves to; empty if the NIC stays where it is. */
  readonly bridge: string;
  readonly snapshot: Snapshot;
}

/** A command that runs or has run, and is not confirmed. */
export interface Unconfirmed {
  readonly id: string;
  /** The command as an operator types it, such as `nics-to-bridge eth0`. */
  readonly command: string;
  /** The executable that takes the command back, and its arguments. */
  readonly inverse: readonly string[];
  /** When the command began. */
  readonly at: BootTime;
  /** When the command is taken back. After a reboot it is taken back at once. */
  readonly due: BootTime;
  readonly nics: readonly FormerNic[];
}

const SHAPE: Shape = {
  required: ['id', 'command', 'inverse', 'at', 'due', 'nics'],
  fields: {
    ...{ id: 'text', command: 'text', inverse: 'texts', at: { one: BOOT_TIME }, due: { one: BOOT_TIME } },
    nics: {
      each: { required: ['bridge', 'snapshot'], fields: { bridge: 'text', snapshot: { one: SNAPSHOT } } },
    },
  },
};

/** The file of the one command that is not confirmed yet. It is on the disk before the command changes anything. */
export class UnconfirmedStore {
  readonly path: string;
  private readonly keeper: string;

  constructor(private readonly stateDir: string) {
    this.path = join(stateDir, 'unconfirmed.json');
    this.keeper = join(stateDir, 'unconfirmed.keeper');
  }

  /** Returns the command; `undefined` if there is none. @throws ProductError `ERR_JOURNAL` */
  read(): Unconfirmed | undefined {
    const text = readIfThere(this.path);
    if (text === undefined) return undefined;
    try {
      const one = readObject<Unconfirmed>(JSON.parse(text), SHAPE, this.path);
      if (one === undefined) throw new ProductError('ERR_JOURNAL', 'it is empty');
      return one;
    } catch (error) {
      throw new ProductError(
        'ERR_JOURNAL',
        `cannot read ${this.path}, the record of a command that was not confirmed; see what it has, then delete it`,
        { cause: error },
      );
    }
  }

  /** Writes the command, and returns when it is on the disk. @throws ProductError `ERR_JOURNAL` */
  write(one: Unconfirmed): void {
    try {
      mkdirSync(this.stateDir, { recursive: true, mode: 0o755 });
      writeWhole(this.path, JSON.stringify(one), { mode: 0o600 });
    } catch (error) {
      throw new ProductError('ERR_JOURNAL', `cannot write ${this.path}`, { cause: error });
    }
  }

  /** Forgets the command, since it was confirmed or taken back. */
  remove(): void {
    removeWhole(this.path);
    removeWhole(this.keeper);
    syncFolder(this.stateDir);
  }

  /** Notes that a process waits to take this command back. */
  noteKeeper(id: string): void {
    writeWhole(this.keeper, id, { mode: 0o600, sync: false });
  }

  /** Returns whether a process has begun to wait for this command. */
  hasKeeper(id: string): boolean {
    return readIfThere(this.keeper) === id;
  }
}

/** Returns whether it is time to take the command back. */
export function isDue({ due }: Unconfirmed, now: BootTime): boolean {
  return due.boot !== now.boot || now.seconds >= due.seconds;
}

/** Returns the time that is `ms` milliseconds after `now`, in whole seconds and not less. */
export function after(now: BootTime, ms: number): BootTime {
  // The seconds of `now` are rounded down.
  return { boot: now.boot, seconds: now.seconds + 1 + Math.ceil(ms / 1_000) };
}

/**
 * Throws if a command is not confirmed, so that no second one builds upon it.
 * @param settles whether the command that is about to run takes the other one back
 * @throws ProductError `ERR_UNCONFIRMED`
 */
export function refuseUnconfirmed(
  store: UnconfirmedStore,
  now: BootTime,
  settles: (one: Unconfirmed) => boolean = () => false,
): void {
  const one = store.read();
  if (one === undefined || settles(one)) return;
  throw new ProductError('ERR_UNCONFIRMED', `${one.command} is not confirmed: ${remedyFor(one, now)}`);
}

function remedyFor(one: Unconfirmed, now: BootTime): string {
  if (isDue(one, now)) return 'it is being taken back';
  const left = one.due.seconds - now.seconds;
  return `run ovn-k8s-util confirm, or wait ${left} s until it is taken back`;
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new ProductError('ERR_JOURNAL', `cannot read ${path}`, { cause: error });
  }
}
