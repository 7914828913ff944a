import { cp, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join, parse } from 'node:path';
import { PROJECT } from '../project.js';
import type { Machine } from './machine.js';

/** Where the product is in a machine. */
const HOME = '/usr/lib/ovn-k8s-gateway';
const ADDON = 'native/build/Release/gateway.node';

/** Installs the built product in a running machine: the executables in /usr/bin, and the units, which stay disabled. */
export async function installProduct(machine: Machine): Promise<void> {
  const home = machine.path(HOME);
  await mkdir(join(home, parse(ADDON).dir), { recursive: true });
  await cp(join(PROJECT, 'dist'), join(home, 'dist'), { recursive: true });
  await cp(join(PROJECT, ADDON), join(home, ADDON));
  // Tells Node.js that the bundles are modules.
  await cp(join(PROJECT, 'package.json'), join(home, 'package.json'));
  for (const file of await readdir(join(PROJECT, 'dist/bin'))) {
    await symlink(join(HOME, 'dist/bin', file), machine.path(join('/usr/bin', parse(file).name)));
  }
  const units = join(PROJECT, 'packaging/systemd');
  for (const unit of await readdir(units))
    await cp(join(units, unit), machine.path(join('/lib/systemd/system', unit)));
  await machine.run('systemctl', 'daemon-reload');
}

/** Writes a unit's file in /etc/default, and enables the unit for the boots to come. */
export async function enableUnit(
  machine: Machine,
  unit: string,
  settings: Readonly<Record<string, string>>,
): Promise<void> {
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
  await writeFile(machine.path(join('/etc/default', unit)), lines.join(''));
  await machine.run('systemctl', 'enable', unit);
}
