import { ProductError } from '../../net/errors.js';
import type { NicMove } from './manager.js';
import { onlySection, settingOf, withoutSections } from './unit_file.js';

/** Where administrators write files of systemd-networkd. */
export const NETWORK_FOLDER = '/etc/systemd/network';
/** Where systemd-networkd looks for files, and in each for drop-ins; the first that has a name wins (systemd.network(5)). */
export const NETWORK_FOLDERS = [
  NETWORK_FOLDER,
  '/run/systemd/network',
  '/usr/local/lib/systemd/network',
  '/usr/lib/systemd/network',
];

/** The file that configures a NIC, with the drop-ins that apply to it. */
export interface NetworkFile {
  readonly path: string;
  readonly text: string;
  readonly dropIns: readonly { readonly path: string; readonly text: string }[];
}

/** What is configured for the bridge and for the NIC, by the file's path. */
export interface NetworkTexts {
  readonly bridge: ReadonlyMap<string, string>;
  readonly nic: ReadonlyMap<string, string>;
}

/** Returns the name of our file for a device. Of two files that match a device, the first by name wins. */
export function ourNetworkFile(device: string): string {
  return `${NETWORK_FOLDER}/00-ovn-k8s-${device}.network`;
}

/**
 * Returns the files that configure the bridge as the NIC was, and leave the NIC bare. No file that exists changes.
 * @param iaid the number that the DHCP client identifies the NIC with; the bridge gets the same, so that servers give it
 *   the same address. systemd-networkd derives it from the NIC's bus address, which a bridge has none of.
 * @throws ProductError `ERR_PERSIST`
 */
export function networkTexts(
  { nic, bridge }: Pick<NicMove, 'nic' | 'bridge'>,
  file: NetworkFile,
  iaid: number | undefined,
): NetworkTexts {
  const path = ourNetworkFile(bridge);
  const note = (source: string) =>
    `# Made from ${source} by ovn-k8s-util nics-to-bridge; bridge-to-nics deletes it.\n`;
  const main = [
    `${note(file.path)}[Match]\nName=${bridge}\n`,
    withoutSections(file.text, ['Match']),
    ...(iaid === undefined ? [] : [`[DHCPv4]\nIAID=${iaid}\n`, `[DHCPv6]\nIAID=${iaid}\n`]),
  ];
  const dropIns = file.dropIns
    .map(({ path: source, text }) => ({ source, text: withoutSections(text, ['Match']) }))
    .filter(({ text }) => text !== '')
    .map(({ source, text }) => [`${path}.d/${source.replace(/^.*\//, '')}`, note(source) + text] as const);
  return {
    bridge: new Map([...dropIns, [path, main.filter(Boolean).join('\n')]]),
    nic: new Map([[ourNetworkFile(nic), bareNetwork(nic, bridge, [file, ...file.dropIns])]]),
  };
}

/**
 * Returns the file of a NIC without addresses. It keeps what the NIC's own file sets of the link, such as its MTU. Nobody
 * waits for the NIC at boot.
 */
export function bareNetwork(
  nic: string,
  bridge: string,
  texts: readonly { readonly text: string }[],
): string {
  const link = texts
    .map(({ text }) =>
      onlySection(text, 'Link', {
        without: ['RequiredForOnline', 'RequiredFamilyForOnline', 'Unmanaged', 'ActivationPolicy'],
      }),
    )
    .filter((text) => text.trim() !== '[Link]');
  return [
    `# Made by ovn-k8s-util nics-to-bridge: ${bridge} has the configuration of ${nic}. bridge-to-nics deletes it.\n` +
      `[Match]\nName=${nic}\n`,
    ...link.filter(Boolean),
    '[Link]\nRequiredForOnline=no\n',
    '[Network]\nDHCP=no\nIPv6AcceptRA=no\nLinkLocalAddressing=no\nLLDP=no\nEmitLLDP=no\n',
  ].join('\n');
}

/**
 * Refuses a file of somebody else that would win over ours.
 * @param names the names of all files of systemd-networkd
 * @throws ProductError `ERR_PERSIST`
 */
export function refuseEarlierFiles(
  devices: readonly string[],
  files: readonly { readonly path: string; readonly text: string }[],
): void {
  for (const device of devices) {
    const ours = nameOf(ourNetworkFile(device));
    const earlier = files.find(
      // An empty file masks one of the same name in another folder.
      ({ path, text }) =>
        nameOf(path) < ours && text.trim() !== '' && !isForOthers(settingOf(text, 'Match', 'Name'), devices),
    );
    if (earlier !== undefined)
      throw new ProductError(
        'ERR_PERSIST',
        `${earlier.path} can match ${device} and comes before ${ours}; give it a name that sorts later`,
      );
  }
}

/** Returns whether a list of names in [Match] has literal names only, none of them one of `devices`. */
function isForOthers(names: string | undefined, devices: readonly string[]): boolean {
  if (names === undefined || /[*?[!]/.test(names)) return false;
  return !names.split(/\s+/).some((name) => devices.includes(name));
}

/** Returns a file's name without its folder. */
export function nameOf(path: string): string {
  return path.replace(/^.*\//, '');
}

/** Returns the IAID in a client identifier of RFC 4361, in hexadecimal: type 255, IAID, DUID. */
export function iaidOf(clientId: string): number | undefined {
  const [, iaid] = /^ff([0-9a-f]{8})/i.exec(clientId) ?? [];
  return iaid === undefined ? undefined : Number.parseInt(iaid, 16);
}
