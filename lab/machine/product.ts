import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { PROJECT } from '../project.js';
import type { Machine } from './machine.js';

/** The name of Debian's package. */
export const PACKAGE = 'ovn-k8s-gateway';

let built: Promise<string> | undefined;

/** Builds Debian's package once, and returns its path. */
export function builtPackage(): Promise<string> {
  built ??= buildPackage();
  return built;
}

/** Builds Debian's package, of the version of package.json or another one, and returns its path. */
export async function buildPackage(version?: string): Promise<string> {
  const options = version === undefined ? [] : [`--version=${version}`];
  const { stdout } = await execa(join(PROJECT, 'scripts/package'), options, { cwd: PROJECT });
  const [, deb] = /^(\S+\.deb): /m.exec(stdout) ?? [];
  if (deb === undefined) throw new Error(`scripts/package printed no path: ${stdout}`);
  return join(PROJECT, deb);
}

/** Installs Debian's package, that of {@link builtPackage} or another one, in a running machine. */
export async function installPackage(machine: Machine, deb?: string): Promise<void> {
  const inside = `/var/cache/${PACKAGE}.deb`;
  await copyFile(deb ?? (await builtPackage()), machine.path(inside));
  // Debian 12's nodejs is too old; its machines have a Node.js that is no package.
  await machine.run('dpkg', '--ignore-depends=nodejs', '--install', inside);
  await machine.run('rm', inside);
}

/** Writes settings to a unit's file in /etc/default. */
export async function configureUnit(
  machine: Machine,
  unit: string,
  settings: Readonly<Record<string, string>>,
): Promise<void> {
  const lines = Object.entries(settings).map(([name, value]) => `${name}="${value}"\n`);
  await writeFile(machine.path(join('/etc/default', unit)), lines.join(''));
}
