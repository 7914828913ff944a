import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { writeWhole } from '../../daemon/whole_file.js';
import { readObject, type Shape } from '../../host/ip_json.js';
import { ProductError } from '../../net/errors.js';
import {
  makeFolder,
  missingFolders,
  type Owned,
  ownerOf,
  readStored,
  removeEmptyFolder,
  removeFolder,
  removeStored,
  type StoredFile,
  writeStored,
} from './files.js';
import { type FileChange, MANAGER_NAMES, type ManagerName, type NicMove } from './manager.js';

/** A file of a record. Its texts are in the record's folders `before` and `after`. */
interface Entry {
  readonly path: string;
  readonly why: string;
  /** Absent if the file is. */
  readonly before?: Owned;
  readonly after?: Owned;
}

interface Manifest extends NicMove {
  readonly manager: string;
  readonly files: readonly Entry[];
  /** The folders that did not exist, the outermost first. */
  readonly folders: readonly string[];
}

const OWNED: Shape = {
  required: ['mode', 'uid', 'gid'],
  fields: { mode: 'number', uid: 'number', gid: 'number' },
};
const ENTRY: Shape = {
  required: ['path', 'why'],
  fields: { path: 'text', why: 'text', before: { one: OWNED }, after: { one: OWNED } },
};
const MANIFEST: Shape = {
  required: ['nic', 'bridge', 'mac', 'manager', 'files', 'folders'],
  fields: {
    ...{ nic: 'text', bridge: 'text', mac: 'text', manager: 'text' },
    ...{ files: { each: ENTRY }, folders: 'texts' },
  },
};

/** A file of a record with its texts; `undefined` where the file is absent. */
export interface RecordedFile {
  readonly path: string;
  readonly why: string;
  readonly before: StoredFile | undefined;
  readonly after: StoredFile | undefined;
}

/** What was written for a NIC to outlive a reboot, with the originals. */
export interface Record {
  readonly move: NicMove;
  readonly manager: ManagerName;
  /** In the order in which they are written. */
  readonly files: readonly RecordedFile[];
  readonly folders: readonly string[];
}

/**
 * The record of a NIC, in a folder that outlives a reboot. It exists from before the first change of a configuration file
 * until all files have their original text again. Its folders `before` and `after` have the texts as files, so that an
 * operator can compare and copy them. The manifest is written last: a folder without it is what a killed command left.
 */
export class RecordStore {
  readonly folder: string;
  private readonly manifest: string;

  constructor(
    private readonly stateDir: string,
    private readonly nic: string,
  ) {
    this.folder = join(stateDir, 'persist', nic);
    this.manifest = join(this.folder, 'manifest.json');
  }

  /** Returns the record; `undefined` if there is none. @throws ProductError `ERR_PERSIST` */
  read(): Record | undefined {
    if (!existsSync(this.manifest)) return undefined;
    try {
      const manifest = readObject<Manifest>(
        JSON.parse(readFileSync(this.manifest, 'utf8')),
        MANIFEST,
        this.manifest,
      );
      const manager = MANAGER_NAMES.find((name) => name === manifest?.manager);
      if (manifest === undefined || manager === undefined)
        throw new ProductError('ERR_PERSIST', 'it names no known network manager');
      const { nic, bridge, mac, files, folders } = manifest;
      return {
        move: { nic, bridge, mac },
        manager,
        folders,
        files: files.map(({ path, why, before, after }) => ({
          path,
          why,
          before: this.text('before', path, before),
          after: this.text('after', path, after),
        })),
      };
    } catch (error) {
      throw new ProductError(
        'ERR_PERSIST',
        `cannot read ${this.manifest}, the record of ${this.nic}'s files; put them back from ${this.folder}/before, then delete ${this.folder}`,
        { cause: error },
      );
    }
  }

  /** Writes a record. @throws ProductError `ERR_PERSIST` */
  save({ move, manager, files, folders }: Record): void {
    try {
      removeFolder(this.folder);
      // A manager's files may have secrets.
      makeFolder(this.folder, 0o700);
      for (const { path, before, after } of files) {
        this.keep('before', path, before);
        this.keep('after', path, after);
      }
      const entries = files.map(({ path, why, before, after }): Entry => {
        const entry = { path, why };
        return {
          ...entry,
          ...(before && { before: ownedOf(before) }),
          ...(after && { after: ownedOf(after) }),
        };
      });
      const manifest: Manifest = { ...move, manager, files: entries, folders };
      writeWhole(this.manifest, `${JSON.stringify(manifest, null, 2)}\n`, { mode: 0o600 });
    } catch (error) {
      throw new ProductError('ERR_PERSIST', `cannot write ${this.folder}`, { cause: error });
    }
  }

  /** Deletes the record. */
  forget(): void {
    removeStored(this.manifest);
    removeFolder(this.folder);
    removeEmptyFolder(dirname(this.folder));
    removeEmptyFolder(this.stateDir);
  }

  private keep(side: 'before' | 'after', path: string, file: StoredFile | undefined): void {
    if (file === undefined) return;
    const copy = join(this.folder, side, path);
    makeFolder(join(copy, '..'), 0o700);
    writeStored(copy, file);
  }

  private text(side: 'before' | 'after', path: string, owned: Owned | undefined): StoredFile | undefined {
    if (owned === undefined) return undefined;
    const copy = join(this.folder, side, path);
    const stored = readStored(copy);
    if (stored === undefined) throw new ProductError('ERR_PERSIST', `${copy} is missing`);
    return { ...owned, text: stored.text };
  }
}

/** Returns the NICs that may have a record. */
export function recordedNics(stateDir: string): string[] {
  const folder = join(stateDir, 'persist');
  return existsSync(folder) ? readdirSync(folder).toSorted() : [];
}

/**
 * Returns a record of changes that are about to be made.
 * @throws ProductError `ERR_PERSIST` if a file is not as the manager read it
 */
export function recordOf(move: NicMove, manager: ManagerName, changes: readonly FileChange[]): Record {
  const files = changes.map(({ path, before, after, why, mode = 0o644, like }): RecordedFile => {
    const now = readStored(path);
    if (now?.text !== before) throw new ProductError('ERR_PERSIST', `${path} has just changed; try again`);
    const owned = now ?? ownerOf(like) ?? { mode, uid: 0, gid: 0 };
    return { path, why, before: now, after: after === undefined ? undefined : { ...owned, text: after } };
  });
  const folders = new Set(
    files.flatMap(({ path, after }) => (after === undefined ? [] : missingFolders(path))),
  );
  return { move, manager, files, folders: [...folders] };
}

function ownedOf({ mode, uid, gid }: StoredFile): Owned {
  return { mode, uid, gid };
}
