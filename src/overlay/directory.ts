import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes a directory with those above it, unless there is something of that name; returns it. `mkdirSync` with `recursive` never returns below `/proc`, where a directory
 * cannot be made and its parent is there.
 */
export function makeDirectory(path: string): string {
  if (existsSync(path)) return path;
  if (dirname(path) !== path) makeDirectory(dirname(path));
  mkdirSync(path);
  return path;
}
