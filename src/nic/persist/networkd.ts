import { join } from 'node:path';
import { ProductError } from '../../net/errors.js';
import type { FileChange, Manager, NicMove } from './manager.js';
import {
  iaidOf,
  NETWORK_FOLDERS,
  type NetworkFile,
  nameOf,
  networkTexts,
  ourNetworkFile,
  refuseEarlierFiles,
} from './networkd_files.js';
import { readLinkState, takeUpNetworkFiles } from './networkd_take_up.js';
import { isActive, namesIn, type Surroundings, textOf } from './surroundings.js';

/** Files that netplan makes at each boot. */
export const OF_NETPLAN = /^\/run\/systemd\/network\/\d+-netplan-(.+)\.network$/;

/**
 * systemd-networkd. The NIC gets a file without addresses, the bridge a copy of the NIC's. Files of the operator do not
 * change, so a tool that writes them again does not cut the host off.
 */
export class Networkd implements Manager {
  readonly name = 'systemd-networkd';
  readonly renews = 'systemd-networkd';

  constructor(private readonly around: Surroundings) {}

  async find(nic: string): Promise<string | undefined> {
    if (!(await isActive(this.around, 'systemd-networkd'))) return undefined;
    const file = (await readLinkState(this.around, nic))?.file;
    return file === undefined || OF_NETPLAN.test(file) ? undefined : `its file is ${file}`;
  }

  async plan(move: NicMove): Promise<readonly FileChange[]> {
    const path = (await readLinkState(this.around, move.nic))?.file;
    if (path === undefined)
      throw new ProductError('ERR_PERSIST', `${move.nic}: systemd-networkd has no file for it`);
    const others = networkFiles(this.around).filter(
      (one) => ![move.nic, move.bridge].map(ourNetworkFile).includes(one),
    );
    refuseEarlierFiles(
      [move.bridge, move.nic],
      others.map((one) => ({ path: one, text: textOf(this.around, one) ?? '' })),
    );
    const file = readNetworkFile(this.around, path);
    const texts = networkTexts(move, file, await this.iaid(move.nic));
    const sources = new Map(file.dropIns.map((one) => [nameOf(one.path), one.path]));
    return [
      // Files of netplan can be read by systemd-networkd only; so can their copies.
      ...changes(this.around, texts.bridge, `gives ${move.bridge} the configuration of ${move.nic}`).map(
        (one) => ({ ...one, like: join(this.around.root, sources.get(nameOf(one.path)) ?? path) }),
      ),
      ...changes(this.around, texts.nic, `leaves ${move.nic} without addresses`),
    ];
  }

  takeUp(move: NicMove, device: string): Promise<void> {
    return takeUpNetworkFiles(this.around, move, device);
  }

  private async iaid(nic: string): Promise<number | undefined> {
    const lease = textOf(this.around, `/run/systemd/netif/leases/${await this.around.ifindexOf(nic)}`);
    const [, id] = /^CLIENTID=(.*)$/m.exec(lease ?? '') ?? [];
    return id === undefined ? undefined : iaidOf(id);
  }
}

/** Returns the paths of all files of systemd-networkd, without those of the same name in a later folder. */
function networkFiles(around: Surroundings): string[] {
  return firstOfEachName(around, NETWORK_FOLDERS, '.network');
}

/** Reads a file and its drop-ins. @throws ProductError `ERR_PERSIST` */
export function readNetworkFile(around: Surroundings, path: string): NetworkFile {
  const read = (file: string) => ({ path: file, text: textOf(around, file) ?? '' });
  const folders = NETWORK_FOLDERS.map((folder) => `${folder}/${nameOf(path)}.d`);
  return { ...read(path), dropIns: firstOfEachName(around, folders, '.conf').map(read) };
}

function firstOfEachName(around: Surroundings, folders: readonly string[], suffix: string): string[] {
  const found = new Map<string, string>();
  for (const folder of folders)
    for (const name of namesIn(around, folder))
      if (name.endsWith(suffix) && !found.has(name)) found.set(name, `${folder}/${name}`);
  return [...found].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, path]) => path);
}

/** Returns the changes that give files these texts. */
export function changes(around: Surroundings, texts: ReadonlyMap<string, string>, why: string): FileChange[] {
  return [...texts].map(([path, after]) => ({
    path: join(around.root, path),
    before: textOf(around, path),
    after,
    why,
  }));
}
