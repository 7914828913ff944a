import type { FileContent } from './disk.js';

/** How a machine configures its NIC on day one. */
export interface Network {
  /** The name of the manager's tree; `undefined` if it is part of every tree. */
  readonly tree: string | undefined;
  /** The packages of the manager. */
  readonly packages: readonly string[];
  /** The files that an operator writes. */
  readonly files: (host: Addresses) => Readonly<Record<string, FileContent>>;
}

/** What a statically configured machine has. */
export interface Addresses {
  /** `203.0.113.20` in a /24. */
  readonly v4: string;
  /** `2001:db8::20` in a /64. */
  readonly v6: string;
  readonly router: { readonly v4: string; readonly v6: string };
}

export type NetworkName = keyof typeof NETWORKS;

/** The units that `systemctl enable systemd-networkd` enables. */
const NETWORKD_UNITS = enabled({
  'multi-user.target': 'systemd-networkd.service',
  'network-online.target': 'systemd-networkd-wait-online.service',
});

const NETWORK_MANAGER = { tree: 'networkmanager', packages: ['network-manager'] };

export const NETWORKS = {
  'ifupdown static': {
    tree: 'ifupdown',
    packages: ['ifupdown'],
    files: ({ v4, v6, router }) =>
      interfaces(
        [`inet static`, `address ${v4}/24`, `gateway ${router.v4}`],
        [`inet6 static`, `address ${v6}/64`, `gateway ${router.v6}`],
      ),
  },
  'ifupdown dhclient': {
    tree: 'dhclient',
    packages: ['ifupdown', 'isc-dhcp-client'],
    files: () => interfaces(['inet dhcp']),
  },
  'ifupdown dhcpcd': {
    tree: 'dhcpcd',
    packages: ['ifupdown', 'dhcpcd-base'],
    files: () => interfaces(['inet dhcp']),
  },
  'systemd-networkd static': {
    tree: undefined,
    packages: [],
    files: (host) => networkd(...networkdStatic(host)),
  },
  'systemd-networkd DHCP': {
    tree: undefined,
    packages: [],
    files: () => networkd('DHCP=ipv4', 'IPv6AcceptRA=no'),
  },
  'systemd-networkd RA': {
    tree: undefined,
    packages: [],
    files: ({ v4, router }) => networkd(`Address=${v4}/24`, `Gateway=${router.v4}`, 'IPv6AcceptRA=yes'),
  },
  'NetworkManager static': {
    ...NETWORK_MANAGER,
    files: ({ v4, v6, router }) =>
      keyfile(
        ['method=manual', `address1=${v4}/24`, `gateway=${router.v4}`],
        ['method=manual', `address1=${v6}/64`, `gateway=${router.v6}`],
      ),
  },
  'NetworkManager DHCP': {
    ...NETWORK_MANAGER,
    files: () => keyfile(['method=auto'], ['method=link-local']),
  },
  'netplan static': {
    tree: 'netplan',
    packages: ['netplan.io'],
    files: ({ v4, v6, router }) => ({
      ...NETWORKD_UNITS,
      // JSON is YAML.
      'etc/netplan/eth0.yaml': JSON.stringify({
        network: {
          version: 2,
          renderer: 'networkd',
          ethernets: {
            eth0: {
              addresses: [`${v4}/24`, `${v6}/64`],
              routes: [
                { to: 'default', via: router.v4 },
                { to: 'default', via: router.v6 },
              ],
            },
          },
        },
      }),
    }),
  },
} satisfies Readonly<Record<string, Network>>;

/** Returns /etc/network/interfaces with these stanzas of eth0 (interfaces(5)). */
function interfaces(...stanzas: readonly (readonly string[])[]): Record<string, FileContent> {
  const eth0 = stanzas.map(([method, ...options]) => [`iface eth0 ${method}`, ...options].join('\n    '));
  return { 'etc/network/interfaces': `auto lo eth0\niface lo inet loopback\n${eth0.join('\n')}\n` };
}

function networkdStatic({ v4, v6, router }: Addresses): string[] {
  return [
    ...[`Address=${v4}/24`, `Gateway=${router.v4}`],
    ...[`Address=${v6}/64`, `Gateway=${router.v6}`, 'IPv6AcceptRA=no'],
  ];
}

/** Returns systemd-networkd's file of eth0 (systemd.network(5)). */
function networkd(...settings: readonly string[]): Record<string, FileContent> {
  return {
    ...NETWORKD_UNITS,
    'etc/systemd/network/eth0.network': `[Match]\nName=eth0\n[Network]\n${settings.join('\n')}\n`,
  };
}

/** Returns NetworkManager's file of eth0 (nm-settings-keyfile(5)). */
function keyfile(ipv4: readonly string[], ipv6: readonly string[]): Record<string, FileContent> {
  const sections = [
    ['[connection]', 'id=eth0', 'type=ethernet', 'interface-name=eth0'],
    ['[ipv4]', ...ipv4],
    ['[ipv6]', ...ipv6],
  ];
  const path = 'etc/NetworkManager/system-connections/eth0.nmconnection';
  // NetworkManager ignores a file that others can read.
  return { [path]: { secret: `${sections.flat().join('\n')}\n` } };
}

/** Returns the links that `systemctl enable` makes: for each target, the unit that it wants. */
function enabled(units: Readonly<Record<string, string>>): Record<string, FileContent> {
  return Object.fromEntries(
    Object.entries(units).map(([target, unit]) => [
      `etc/systemd/system/${target}.wants/${unit}`,
      { link: `/lib/systemd/system/${unit}` },
    ]),
  );
}
