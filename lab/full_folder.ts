import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { writeUntilFull } from './small_disk.js';

/** A shell script; its argument is the directory. It ends with its standard input. */
const HOLD = 'mount -t tmpfs -o size=64k tmpfs "$1" && echo ready && exec cat';

/** A folder on a small disk of its own that can be filled: a tmpfs in a mount namespace. Needs root. */
export interface FullFolder {
  readonly path: string;
  /** Fills the disk: then a file can be created, and not one octet be written to it. */
  fill(): void;
  /** Frees the disk. */
  free(): void;
  dispose(): void;
}

export async function makeFullFolder(): Promise<FullFolder> {
  const dir = mkdtempSync(join(tmpdir(), 'full-'));
  const holder = execa('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', HOLD, 'sh', dir], {
    reject: false,
    buffer: false,
  });
  await new Promise<void>((resolve, reject) => {
    holder.stdout.once('data', () => resolve());
    holder.once('exit', (code) => reject(new Error(`unshare exited with ${code}`)));
  });
  // The disk as the holder sees it (proc(5), `/proc/PID/root`).
  const path = join('/proc', String(holder.pid), 'root', dir);
  const filler = join(path, '.filler');
  return {
    path,
    fill: () => writeUntilFull(filler),
    free: () => rmSync(filler, { force: true }),
    dispose: () => {
      holder.stdin.end();
      rmSync(dir, { recursive: true });
    },
  };
}
