import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ProductError } from './net/errors.js';

/** A file under a write lock that other processes see (fcntl(2), F_SETLK). */
export interface FileLock {
  /** Replaces the file's content. */
  write(text: string): void;
  close(): void;
}

/** Something that goes on until it is closed. */
export interface Watch {
  close(): void;
  /** Lets the process end though this goes on. */
  unref(): void;
}

interface Addon {
  readonly FileLock: new (path: string) => FileLock;
  readonly NetlinkWatch: new (groups: number, changed: () => void) => Watch;
}

/** Multicast groups of rtnetlink(7), from linux/rtnetlink.h. */
const GROUPS = {
  link: 0x1,
  neigh: 0x4,
  'ipv4-ifaddr': 0x10,
  'ipv4-route': 0x40,
  'ipv6-ifaddr': 0x100,
  'ipv6-route': 0x400,
};
export type NetlinkGroup = keyof typeof GROUPS;

let loaded: Addon | undefined;

/**
 * Opens or makes the file at `path` and locks it.
 * @throws Error with `errno` and `syscall`; EAGAIN or EACCES when another process has the lock
 */
export function lockFile(path: string): FileLock {
  return new (addon().FileLock)(path);
}

/** Calls `changed` after links, addresses, neighbours or routes have changed; it does not say which. */
export function watchNetlink(groups: readonly NetlinkGroup[], changed: () => void): Watch {
  const mask = groups.reduce((bits, group) => bits | GROUPS[group], 0);
  return new (addon().NetlinkWatch)(mask, changed);
}

function addon(): Addon {
  loaded ??= createRequire(import.meta.url)(addonPath()) as Addon;
  return loaded;
}

/** The addon stands in the package's own folder, whether this runs from the sources or from the bundle. */
function addonPath(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const path = join(folder, 'native', 'build', 'Release', 'gateway.node');
    if (existsSync(path)) return path;
    if (folder === dirname(folder))
      throw new ProductError('ERR_NO_ADDON', 'the native addon is not built; run npm run install');
  }
}
