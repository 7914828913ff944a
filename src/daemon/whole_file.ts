import {
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  linkSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isProcessAlive } from './process_alive.js';

interface WriteOptions {
  /** The file's permissions, whatever the umask is. */
  readonly mode?: number;
  /** The file's owner; without it, that of this process. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  /** Keeps a file that another process has written meanwhile. */
  readonly keep?: boolean;
  /** `false` for a file of the run directory, which a reboot deletes: a power cut cannot leave a part of it. */
  readonly sync?: boolean;
}

/** Creates a file that nobody else has made, and follows no symbolic link at its name (open(2)). */
const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/**
 * Writes a file whole: after a full disk, a crash or a power cut, `path` has either all of `text` or what it had before.
 * Writes to a temporary file beside it, syncs, renames, and syncs the folder. A symbolic link at `path` is replaced, not
 * followed. The folder's owner must be trusted.
 * @throws the error of the file system, such as ENOSPC
 */
export function writeWhole(path: string, text: string, options: WriteOptions = {}): void {
  const { mode = 0o644, owner, keep = false, sync = true } = options;
  const temporary = `${path}.tmp${process.pid}`;
  removeAbandoned(path);
  rmSync(temporary, { force: true });
  try {
    const fd = openSync(temporary, CREATE, 0o600);
    try {
      writeFileSync(fd, text);
      if (owner !== undefined) fchownSync(fd, owner.uid, owner.gid);
      fchmodSync(fd, mode);
      if (sync) fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    if (keep) linkUnlessThere(temporary, path);
    else renameSync(temporary, path);
    if (sync) syncFolder(dirname(path));
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** Deletes a file of {@link writeWhole}, if it is there, and what killed processes left of it. */
export function removeWhole(path: string): void {
  rmSync(path, { force: true });
  removeAbandoned(path);
}

const NO_SYNC: readonly string[] = ['EINVAL', 'ENOTSUP'];

function linkUnlessThere(temporary: string, path: string): void {
  try {
    linkSync(temporary, path);
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
  }
}

/** Deletes the temporary files of processes that were killed while they wrote. */
function removeAbandoned(path: string): void {
  const folder = dirname(path);
  const start = `${basename(path)}.tmp`;
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    const pid = name.startsWith(start) ? Number(name.slice(start.length)) : Number.NaN;
    if (Number.isInteger(pid) && pid > 0 && !isProcessAlive(pid)) rmSync(join(folder, name), { force: true });
  }
}

/** Syncs a folder. Some file systems cannot, and need not (fsync(2), EINVAL). */
export function syncFolder(path: string): void {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(fd);
  } catch (error) {
    if (!NO_SYNC.some((code) => hasCode(error, code))) throw error;
  } finally {
    closeSync(fd);
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
