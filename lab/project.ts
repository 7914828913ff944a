import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's folder, for sources and for bundles. */
export const PROJECT = findUp(dirname(fileURLToPath(import.meta.url)));

/** Returns the file of one of the product's executables. `OVN_K8S_DIST` names another build than `dist`. */
export function executable(name: string): string {
  return inBin(`${name}.js`);
}

/** Returns the file that `minion-init` links for container runtimes. */
export function cniPlugin(): string {
  return inBin('ovn_cni.cjs');
}

function inBin(file: string): string {
  return resolve(PROJECT, process.env.OVN_K8S_DIST ?? 'dist', 'bin', file);
}

function findUp(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : findUp(dirname(folder));
}
