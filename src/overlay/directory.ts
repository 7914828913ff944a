import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Creates a directory and its parents unless the path exists, and returns the path. `mkdirSync` with `recursive` would
 * loop for ever below `/proc`, where the parent exists and no directory can be created.
 */
export function makeDirectory(path: string): string {
  if (existsSync(path)) return path;
  if (dirname(path) !== path) makeDirectory(dirname(path));
  mkdirSync(path, { mode: 0o755 });
  return path;
}
