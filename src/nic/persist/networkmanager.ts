import { join } from 'node:path';
import { ProductError } from '../../net/errors.js';
import type { FileChange, Manager, NicMove } from './manager.js';
import {
  bridgedProfiles,
  bridgeProfiles,
  type Profile,
  profilePath,
  profileUuid,
} from './networkmanager_files.js';
import { namesIn, runsHere, type Surroundings, textOf } from './surroundings.js';
import { sectionsOf, settingOf } from './unit_file.js';

/** Folders with a folder for each version of NetworkManager, which has its plugins. */
const LIBRARIES = ['/usr/lib', '/usr/lib64'];

/**
 * NetworkManager. The bridge's own port gets the NIC's profile, and the NIC one without addresses. The operator's profile
 * stays as it is: the others have a higher priority.
 */
export class NetworkManager implements Manager {
  readonly name = 'networkmanager';
  readonly renews = 'NetworkManager';

  constructor(private readonly around: Surroundings) {}

  async find(nic: string): Promise<string | undefined> {
    const profile = await this.profileOf(nic);
    return profile === undefined ? undefined : `its profile is ${profile.name}`;
  }

  async plan(move: NicMove): Promise<readonly FileChange[]> {
    const profile = await this.profileOf(move.nic);
    if (profile === undefined)
      throw new ProductError('ERR_PERSIST', `${move.nic}: NetworkManager has no profile for it`);
    if (move.datapath === 'system' && hasPluginOfOpenvSwitch(this.around))
      throw new ProductError(
        'ERR_PERSIST',
        `${move.nic}: NetworkManager's plugin of Open vSwitch configures only bridges that it made; remove the plugin, or ` +
          'use --persist=none, and let ovn-k8s-node-init move the NIC at each boot',
      );
    return [...bridgedProfiles(profile, move)].map(([path, after]) => ({
      path: join(this.around.root, path),
      before: textOf(this.around, path),
      after,
      why:
        path === profilePath(move.nic)
          ? `leaves ${move.nic} without addresses`
          : `gives ${move.bridge} the profile of ${move.nic}`,
      // NetworkManager ignores a profile that others than root can read.
      ...(path.endsWith('.nmconnection') && { mode: 0o600 }),
    }));
  }

  async takeUp(move: NicMove, device: string): Promise<void> {
    const { nic, bridge } = move;
    const { run } = this.around;
    await run('systemctl', 'daemon-reload');
    await run('nmcli', 'connection', 'reload');
    await run('nmcli', 'general', 'reload', 'conf');
    // NetworkManager sets the addresses anew. Nobody else has them: without duplicate address detection they work at once.
    await withoutDad(this.around, device, async () => {
      if (device === bridge) {
        await run('nmcli', 'connection', 'up', 'uuid', await this.fittingProfile(move), 'ifname', bridge);
        await run('nmcli', 'device', 'set', nic, 'managed', 'yes');
      } else {
        await run('nmcli', 'device', 'set', nic, 'managed', 'yes');
        await run('nmcli', 'device', 'connect', nic);
      }
    });
  }

  /** Returns the identifier of the profile that fits the device that Open vSwitch has made. */
  private async fittingProfile(move: NicMove): Promise<string> {
    const [link] = JSON.parse(
      await this.around.run('ip', '-details', '-json', 'link', 'show', 'dev', move.bridge),
    ) as {
      readonly linkinfo?: { readonly info_kind?: string; readonly info_data?: { vnet_hdr?: boolean } };
    }[];
    const isTun = link?.linkinfo?.info_kind === 'tun';
    const vnetHdr = isTun ? link?.linkinfo?.info_data?.vnet_hdr === true : undefined;
    const profiles = bridgeProfiles({ ...move, datapath: isTun ? 'netdev' : 'system' });
    const profile = profiles.find((one) => one.vnetHdr === vnetHdr);
    return profileUuid(move, `bridge${profile?.suffix ?? ''}`);
  }

  /** Returns the profile that is active on a device; `undefined` if NetworkManager does not configure it. */
  private async profileOf(nic: string): Promise<Profile | undefined> {
    if (!(await isManaged(this.around, nic))) return undefined;
    const uuid = await this.ask('GENERAL.CON-UUID', nic);
    const files = await this.around.run(
      'nmcli',
      '--terse',
      '--escape',
      'no',
      '--fields',
      'UUID,FILENAME',
      'connection',
    );
    const path = files
      .split('\n')
      .find((line) => line.startsWith(`${uuid}:`))
      ?.slice(uuid.length + 1);
    const text = path === undefined ? undefined : textOf(this.around, path);
    // NetworkManager describes what somebody else configured by a profile of its own.
    if (
      uuid === '' ||
      path === undefined ||
      text === undefined ||
      settingOf(text, '.nmmeta', 'external') === 'true'
    )
      return undefined;
    if (!sectionsOf(text).includes('connection')) return undefined;
    const options = await this.ask('DHCP4', nic);
    const [, dhcpClientId] = /^DHCP4\.OPTION\[\d+\]:dhcp_client_identifier = (\S+)$/m.exec(options) ?? [];
    return { name: path, uuid, text, dhcpClientId };
  }

  private async ask(field: string, device: string): Promise<string> {
    const argv = ['nmcli', '--terse', '--escape', 'no', '--fields', field, 'device', 'show', device];
    const text = await this.around.run(...argv);
    return text.startsWith(`${field}:`) ? text.slice(field.length + 1).trim() : text;
  }
}

/** Returns whether NetworkManager runs and manages a device. */
export async function isManaged(around: Surroundings, device: string): Promise<boolean> {
  if (!(await runsHere(around, 'NetworkManager'))) return false;
  const state = textOf(around, `/run/NetworkManager/devices/${await around.ifindexOf(device)}`) ?? '';
  return settingOf(state, 'device', 'managed') === 'true';
}

function hasPluginOfOpenvSwitch(around: Surroundings): boolean {
  const folders = LIBRARIES.flatMap((folder) => [
    folder,
    ...namesIn(around, folder).map((name) => `${folder}/${name}`),
  ]);
  return folders
    .map((folder) => `${folder}/NetworkManager`)
    .flatMap((folder) => namesIn(around, folder).map((version) => `${folder}/${version}`))
    .some((folder) => namesIn(around, folder).includes('libnm-device-plugin-ovs.so'));
}

async function withoutDad(around: Surroundings, device: string, task: () => Promise<void>): Promise<void> {
  const path = `/proc/sys/net/ipv6/conf/${device}/accept_dad`;
  const name = `net/ipv6/conf/${device}/accept_dad`;
  const before = textOf(around, path)?.trim();
  if (before === undefined) return task();
  await around.run('sysctl', '--quiet', '--write', `${name}=0`);
  try {
    await task();
  } finally {
    await around.run('sysctl', '--quiet', '--write', `${name}=${before}`);
  }
}
