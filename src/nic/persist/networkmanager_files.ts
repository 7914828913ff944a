import { createHash } from 'node:crypto';
import { ProductError } from '../../net/errors.js';
import type { NicMove } from './manager.js';
import { onlySection, sectionsOf, settingOf, withoutSections } from './unit_file.js';

/** What is known of the profile by which NetworkManager configures a NIC (nm-settings-keyfile(5)). */
export interface Profile {
  /** Its name for the operator, such as the path of its file. */
  readonly name: string;
  readonly uuid: string;
  readonly text: string;
  /** The client identifier of its DHCP lease, as `01:0a:58:cb:00:71:14`; `undefined` without one. */
  readonly dhcpClientId: string | undefined;
}

/** The folder of profiles that outlive a reboot. */
export const PROFILES = '/etc/NetworkManager/system-connections';
const CONFIGURATION = '/etc/NetworkManager/conf.d';
const DROP_INS = '/etc/systemd/system/NetworkManager.service.d';

/** The highest priority: the operator's profile stays as it is, and is not chosen. */
const PRIORITY = 999;
/** Sections about the device, which stay with the NIC. */
const OF_NIC = ['ethernet', '802-3-ethernet', 'ethtool', 'link', 'tc', 'dcb', 'sriov'];
const OF_NOBODY = ['connection', 'match', '.nmmeta', 'user'];
/** Keys of a profile's section `connection` that are not those of the bridge's. */
const OWN_KEYS = [
  ...['id', 'uuid', 'type', 'interface-name', 'timestamp', 'multi-connect', 'lldp', 'permissions'],
  ...['autoconnect', 'autoconnect-priority', 'wait-device-timeout', 'stable-id', 'read-only'],
];
const METHODS = {
  ipv4: ['auto', 'manual', 'link-local', 'disabled'],
  ipv6: ['auto', 'dhcp', 'manual', 'link-local', 'disabled', 'ignore'],
} as const;

/** Returns the profile of the bridge's port for each kind of device that Open vSwitch may make. */
export function bridgeProfiles({ bridge, datapath }: NicMove): readonly BridgeProfile[] {
  // NetworkManager's packages in Debian know no device of the kernel's datapath, so it is "generic" to them.
  if (datapath === 'system') return [{ suffix: '', type: 'generic', vnetHdr: undefined, id: bridge }];
  // A tap device. Its profile must say whether it has headers of virtio: Open vSwitch 3.1 makes it without, 3.5 with.
  return [
    { suffix: '', type: 'tun', vnetHdr: false, id: bridge },
    { suffix: '-vnet-hdr', type: 'tun', vnetHdr: true, id: `${bridge} with vnet-hdr` },
  ];
}

/** A profile of the bridge's port. */
export interface BridgeProfile {
  readonly suffix: string;
  readonly id: string;
  readonly type: 'generic' | 'tun';
  readonly vnetHdr: boolean | undefined;
}

/** Returns the identifier of a profile of ours: always the same for the same NIC and purpose. */
export function profileUuid({ nic, bridge, mac }: NicMove, purpose: string): string {
  const hex = createHash('sha1').update(`ovn-k8s-gateway ${nic} ${bridge} ${mac} ${purpose}`).digest('hex');
  const [, a, b, c, d, e] = /^(.{8})(.{4}).(.{3}).(.{3})(.{12})/.exec(hex) ?? [];
  // Version 5, as names have.
  return `${a}-${b}-5${c}-8${d}-${e}`;
}

/** Returns the path of a profile of ours. */
export function profilePath(device: string, suffix = ''): string {
  return `${PROFILES}/ovn-k8s-${device}${suffix}.nmconnection`;
}

/**
 * Returns the files, by path, that give the bridge's port the profile of the NIC, and the NIC one without addresses. The
 * bridge's come first.
 * @throws ProductError `ERR_PERSIST` naming what cannot be carried over
 */
export function bridgedProfiles(profile: Profile, move: NicMove): Map<string, string> {
  refuse(profile, move.nic);
  const { nic, bridge } = move;
  const files = new Map<string, string>();
  files.set(
    `${CONFIGURATION}/ovn-k8s-${bridge}.conf`,
    // Without this, NetworkManager leaves a device alone that somebody else made.
    `[device-ovn-k8s-${bridge}]\nmatch-device=interface-name:${bridge}\nmanaged=1\n`,
  );
  files.set(
    `${DROP_INS}/ovn-k8s-${bridge}.conf`,
    // A device that is not there yet, NetworkManager would make by itself.
    '[Unit]\nAfter=ovs-vswitchd.service\n',
  );
  for (const one of bridgeProfiles(move))
    files.set(profilePath(bridge, one.suffix), bridgeText(profile, move, one));
  files.set(
    profilePath(nic),
    [
      ...connectionSection(move, {
        id: `${nic} on ${bridge}`,
        type: 'ethernet',
        device: nic,
        purpose: 'nic',
      }),
      '',
      ...OF_NIC.map((name) => onlySection(profile.text, name, { without: [] })).filter(Boolean),
      '[ipv4]\nmethod=disabled\n',
      '[ipv6]\nmethod=disabled\n',
    ].join('\n'),
  );
  return files;
}

function bridgeText({ text, dhcpClientId }: Profile, move: NicMove, one: BridgeProfile): string {
  const { bridge, mac } = move;
  const { id, type, vnetHdr, suffix } = one;
  const kept = onlySection(text, 'connection', { without: OWN_KEYS }).split('\n').slice(1);
  // The default of other devices than Ethernet's is a worse metric.
  const metric = (section: string) =>
    settingOf(text, section, 'route-metric') === undefined ? { 'route-metric': '100' } : {};
  const identity =
    dhcpClientId === undefined || settingOf(text, 'ipv4', 'method') !== 'auto'
      ? {}
      : { 'dhcp-client-id': dhcpClientId };
  const rest = withoutSections(text, [...OF_NIC, ...OF_NOBODY]);
  return [
    ...connectionSection(move, { id, type, device: bridge, purpose: `bridge${suffix}` }),
    ...kept,
    ...(type === 'tun'
      ? [`[tun]\nmode=2\nvnet-hdr=${vnetHdr}\n`, `[ethernet]\ncloned-mac-address=${mac.toUpperCase()}\n`]
      : []),
    withSettings(withSettings(rest, 'ipv4', { ...metric('ipv4'), ...identity }), 'ipv6', metric('ipv6')),
  ].join('\n');
}

function connectionSection(
  move: NicMove,
  { id, type, device, purpose }: { id: string; type: string; device: string; purpose: string },
): string[] {
  return [
    `[connection]`,
    `id=${id}`,
    `uuid=${profileUuid(move, purpose)}`,
    `type=${type}`,
    `interface-name=${device}`,
    `autoconnect-priority=${PRIORITY}`,
  ];
}

/** Returns the text with settings of a section; a setting that is there already is replaced. */
function withSettings(text: string, section: string, settings: Readonly<Record<string, string>>): string {
  const lines = Object.entries(settings).map(([key, value]) => `${key}=${value}\n`);
  if (lines.length === 0) return text;
  const keys = Object.keys(settings);
  const old = onlySection(text, section, { without: keys });
  const others = withoutSections(text, [section]);
  const [header = `[${section}]`, ...rest] = old.split('\n').filter((line) => line.trim() !== '');
  return `${others}${others === '' ? '' : '\n'}${[header, ...rest].join('\n')}\n${lines.join('')}`;
}

/** @throws ProductError `ERR_PERSIST` */
function refuse({ name, text }: Profile, nic: string): void {
  const no = (why: string) => new ProductError('ERR_PERSIST', `${nic}: ${name} ${why}`);
  const type = settingOf(text, 'connection', 'type');
  if (type !== 'ethernet' && type !== '802-3-ethernet')
    throw no(`is a profile of type ${type ?? 'unknown'}; only ethernet can be carried over`);
  for (const section of ['802-1x', 'pppoe', 'vrf', 'ip-tunnel'])
    if (sectionsOf(text).includes(section))
      throw no(`has a section ${section}, which a bridge's port cannot have`);
  for (const key of ['master', 'controller', 'slave-type', 'port-type'])
    if (settingOf(text, 'connection', key) !== undefined) throw no(`has ${key}, so the NIC is not by itself`);
  for (const family of ['ipv4', 'ipv6'] as const) {
    const method = settingOf(text, family, 'method');
    if (method !== undefined && !METHODS[family].some((known) => known === method))
      throw no(`has ${family}.method=${method}, which a bridge's port cannot have`);
  }
  if (Number(settingOf(text, 'connection', 'autoconnect-priority') ?? 0) >= PRIORITY)
    throw no(`has autoconnect-priority=${PRIORITY}, which those of ${nic} on its bridge need; lower it`);
}
