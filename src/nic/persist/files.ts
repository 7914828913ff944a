import { lstatSync, mkdirSync, readFileSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { removeWhole, syncFolder, writeWhole } from '../../daemon/whole_file.js';
import { ProductError } from '../../net/errors.js';

/** The largest configuration file that is read, in bytes. */
const MAX_BYTES = 1 << 20;

/** Owner and permissions of a file. */
export interface Owned {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** A configuration file as it is on disk. */
export interface StoredFile extends Owned {
  readonly text: string;
}

/**
 * Reads a configuration file; returns `undefined` if there is none.
 * @throws ProductError `ERR_PERSIST` if the path is a symbolic link or no text
 */
export function readStored(path: string): StoredFile | undefined {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  if (!stat.isFile()) throw refuse(path, 'is no regular file, so it is not replaced');
  if (stat.size > MAX_BYTES) throw refuse(path, `is larger than ${MAX_BYTES} bytes`);
  const bytes = readFileSync(path);
  const text = bytes.toString('utf8');
  if (!Buffer.from(text).equals(bytes)) throw refuse(path, 'is not UTF-8');
  return { text, mode: stat.mode & 0o7777, uid: stat.uid, gid: stat.gid };
}

/** Returns the owner and permissions of a file, or of the file that a symbolic link leads to. */
export function ownerOf(path: string | undefined): Owned | undefined {
  const stat = path === undefined ? undefined : statSync(path, { throwIfNoEntry: false });
  return stat && { mode: stat.mode & 0o777, uid: stat.uid, gid: stat.gid };
}

/** Writes a configuration file whole. Its folder must be there. @throws ProductError `ERR_PERSIST` */
export function writeStored(path: string, { text, mode, uid, gid }: StoredFile): void {
  try {
    writeWhole(path, text, { mode, owner: { uid, gid } });
  } catch (error) {
    throw new ProductError('ERR_PERSIST', `cannot write ${path}`, { cause: error });
  }
}

/** Deletes a configuration file, if it is there. @throws ProductError `ERR_PERSIST` */
export function removeStored(path: string): void {
  try {
    removeWhole(path);
    if (isFolder(dirname(path))) syncFolder(dirname(path));
  } catch (error) {
    throw new ProductError('ERR_PERSIST', `cannot delete ${path}`, { cause: error });
  }
}

/** Returns the folders above `path` that do not exist, the outermost first. */
export function missingFolders(path: string): string[] {
  const folder = dirname(path);
  return folder === path || isFolder(folder) ? [] : [...missingFolders(folder), folder];
}

/** Makes a folder and those above it. @throws ProductError `ERR_PERSIST` */
export function makeFolder(path: string, mode = 0o755): void {
  try {
    for (const folder of missingFolders(join(path, 'file'))) {
      mkdirSync(folder, { mode });
      syncFolder(dirname(folder));
    }
  } catch (error) {
    throw new ProductError('ERR_PERSIST', `cannot make ${path}`, { cause: error });
  }
}

/** Deletes a folder unless it has something in it. */
export function removeEmptyFolder(path: string): void {
  try {
    rmdirSync(path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && ['ENOENT', 'ENOTEMPTY'].includes(String(error.code))))
      throw new ProductError('ERR_PERSIST', `cannot delete ${path}`, { cause: error });
  }
}

/** Deletes a folder with everything in it. */
export function removeFolder(path: string): void {
  rmSync(path, { recursive: true, force: true });
}

function isFolder(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function refuse(path: string, why: string): ProductError {
  return new ProductError('ERR_PERSIST', `${path} ${why}`);
}
