import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ProductError } from '../../net/errors.js';
import { globbed } from './glob.js';
import { bridgedInterfaces, type InterfacesFile } from './ifupdown_files.js';
import { includesOf, isIfaceOf, stanzasOf } from './interfaces_file.js';
import type { FileChange, Manager, NicMove } from './manager.js';
import { namesIn, type Surroundings, textOf } from './surroundings.js';

const INTERFACES = '/etc/network/interfaces';
/** The devices that `ifup` has brought up, a line each: `eth0=eth0`, the device and its logical interface. */
const STATE = '/run/network/ifstate';
/** Files that `source-directory` reads. */
const SOURCED = /^[A-Za-z0-9_-]+$/;
const MAX_FILES = 1000;

/**
 * ifupdown. The bridge gets the NIC's stanzas, and the NIC one without addresses. Debian starts ovs-vswitchd before
 * networking.service, so plain stanzas do: those of Open vSwitch's own hooks (`ovs_type`) would make the bridge a second
 * time, and delete it at ifdown.
 */
export class Ifupdown implements Manager {
  readonly name = 'ifupdown';

  constructor(private readonly around: Surroundings) {}

  async find(nic: string): Promise<string | undefined> {
    const state = textOf(this.around, STATE) ?? '';
    if (!state.split('\n').some((line) => line.startsWith(`${nic}=`))) return undefined;
    const file = readInterfaces(this.around).find(({ text }) =>
      stanzasOf(text).some((stanza) => isIfaceOf(stanza, nic)),
    );
    return file === undefined ? undefined : `its stanzas are in ${file.path}`;
  }

  async plan(move: NicMove): Promise<readonly FileChange[]> {
    const files = readInterfaces(this.around);
    return bridgedInterfaces(files, move).map(({ path, text, remains }) => ({
      path: join(this.around.root, path),
      before: files.find((file) => file.path === path)?.text,
      after: text,
      why: [
        `gives ${move.bridge} the stanzas of ${move.nic}`,
        ...(remains.length === 0 ? [] : [`still for ${move.nic}: ${remains.join(', ')}`]),
      ].join('; '),
    }));
  }

  /**
   * Makes `ifup` know which device is up, by a stanza that changes nothing: the addresses are there already. A later
   * `systemctl restart networking` then takes the right ones down and up. A NIC that came up without addresses receives no
   * advertisements of routers; from now on it does as the bridge did.
   */
  async takeUp({ nic, bridge }: NicMove, device: string): Promise<void> {
    const accepts = textOf(this.around, `/proc/sys/net/ipv6/conf/${bridge}/accept_ra`)?.trim();
    if (device === nic && accepts !== undefined)
      await this.around.run('sysctl', '--quiet', '--write', `net/ipv6/conf/${nic}/accept_ra=${accepts}`);
    const folder = mkdtempSync(join(tmpdir(), 'ovn-k8s-util-'));
    try {
      const file = join(folder, 'interfaces');
      writeFileSync(file, `iface ${bridge} inet manual\n`);
      const command = device === bridge ? ['ifup'] : ['ifdown', '--force'];
      await this.around.run(...command, '--no-scripts', `--interfaces=${file}`, bridge);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
}

/** Returns the files that `ifup` reads, in its order. @throws ProductError `ERR_PERSIST` */
export function readInterfaces(around: Surroundings): InterfacesFile[] {
  const files = new Map<string, InterfacesFile>();
  const read = (path: string) => {
    const text = textOf(around, path);
    if (text === undefined || files.has(path)) return;
    files.set(path, { path, text });
    if (files.size > MAX_FILES)
      throw new ProductError('ERR_PERSIST', `${INTERFACES} includes too many files`);
    for (const { pattern, isFolder } of includesOf(text)) {
      if (/[~$`"'\\{]/.test(pattern))
        throw new ProductError(
          'ERR_PERSIST',
          `${path}: write "source ${pattern}" without characters of a shell`,
        );
      const found = expanded(around, pattern.startsWith('/') ? pattern : join(dirname(path), pattern));
      for (const one of found) {
        if (!isFolder) read(one);
        else for (const name of namesIn(around, one)) if (SOURCED.test(name)) read(join(one, name));
      }
    }
  };
  read(INTERFACES);
  return [...files.values()];
}

/** Returns the paths that a shell pattern stands for, sorted. */
function expanded(around: Surroundings, pattern: string): string[] {
  const [, ...parts] = pattern.split('/');
  return parts.reduce<string[]>(
    (folders, part) => {
      if (!/[*?[]/.test(part)) return folders.map((folder) => `${folder}/${part}`);
      const matches = (name: string) =>
        globbed(part).test(name) && (part.startsWith('.') || !name.startsWith('.'));
      return folders.flatMap((folder) =>
        namesIn(around, folder || '/')
          .filter(matches)
          .map((name) => `${folder}/${name}`),
      );
    },
    [''],
  );
}
