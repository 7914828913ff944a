import { readFileSync, statfsSync } from 'node:fs';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execa } from 'execa';

/** `f_type` of overlayfs (statfs(2)), which cannot be the upper layer of another. */
const OVERLAYFS = 0x794c7630;

/** A file of a machine: its text, also one that only root may read, or where a symbolic link points. */
export type FileContent = string | { readonly secret: string } | { readonly link: string };

/**
 * The disk of a machine: what the machine changes over a shared root tree, or a copy of that tree where the kernel
 * cannot lay one folder over another. Nothing is mounted outside of the machine's own mount namespace.
 */
export class Disk {
  private constructor(
    readonly dir: string,
    private readonly tree: string,
    private readonly isOverlay: boolean,
  ) {}

  /** Makes a disk in a new folder. */
  static async over(tree: string, dir: string): Promise<Disk> {
    const disk = new Disk(dir, tree, canOverlay(dirname(dir)));
    await mkdir(disk.written, { recursive: true });
    // systemd-nspawn wants an operating system in this folder, and mounts the overlay over it.
    await disk.#writeIn(join(dir, 'root'), { 'etc/os-release': '' });
    if (!disk.isOverlay) await execa('cp', ['-a', '--reflink=auto', `${tree}/.`, disk.written]);
    return disk;
  }

  /** Returns the arguments of systemd-nspawn(1) that make this disk the machine's root. */
  get arguments(): string[] {
    if (!this.isOverlay) return [`--directory=${this.written}`];
    return [`--directory=${join(this.dir, 'root')}`, `--overlay=${this.tree}:${this.written}:/`];
  }

  /** Writes files while the machine is off. */
  write(files: Readonly<Record<string, FileContent>>): Promise<void> {
    return this.#writeIn(this.written, files);
  }

  /** The folder with what the machine has written. */
  private get written(): string {
    return join(this.dir, 'written');
  }

  async #writeIn(folder: string, files: Readonly<Record<string, FileContent>>): Promise<void> {
    for (const [path, content] of Object.entries(files)) {
      const file = join(folder, path);
      await mkdir(dirname(file), { recursive: true });
      if (typeof content === 'string') await writeFile(file, content);
      else if ('secret' in content) await writeFile(file, content.secret, { mode: 0o600 });
      else await symlink(content.link, file);
    }
  }
}

function canOverlay(folder: string): boolean {
  const isKnown = readFileSync('/proc/filesystems', 'utf8').split(/\s/).includes('overlay');
  return isKnown && statfsSync(folder).type !== OVERLAYFS;
}
