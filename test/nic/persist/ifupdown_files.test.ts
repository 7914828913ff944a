import test from 'ava';
import { bridgedInterfaces } from '../../../src/nic/persist/ifupdown_files.js';

const MOVE = { nic: 'eth0', bridge: 'breth0', mac: '0a:58:cb:00:71:14' };
const WAIT =
  "    pre-up timeout 30 sh -c 'until ip link show dev breth0 >/dev/null 2>&1; do sleep 0.1; done'";
const BARE = `# eth0 is on bridge breth0, which has its configuration: ovn-k8s-util bridge-to-nics breth0 gives it back.
iface eth0 inet manual
    pre-up ip link set dev eth0 addrgenmode none || true
    pre-up sysctl -q -w net/ipv6/conf/eth0/accept_ra=0 || true`;

test('the stanzas of a NIC become those of its bridge, and the NIC comes up first without addresses', (t) => {
  const text = `# This file describes the network interfaces.
source /etc/network/interfaces.d/*

auto lo eth0
iface lo inet loopback

# The primary interface
iface eth0 inet static
\taddress 203.0.113.20/24
\tgateway 203.0.113.1
iface eth0 inet6 static
\taddress 2001:db8::20/64
`;
  t.deepEqual(bridged(text), [
    `# This file describes the network interfaces.
source /etc/network/interfaces.d/*

auto lo eth0
auto breth0
iface lo inet loopback

# The primary interface
${BARE}

iface breth0 inet static
${WAIT}
\taddress 203.0.113.20/24
\tgateway 203.0.113.1
iface breth0 inet6 static
\taddress 2001:db8::20/64
`,
  ]);
});

test('commands about addresses name the bridge, those about the device go to the NIC, others stay and are named', (t) => {
  const text = `allow-hotplug eth0
iface eth0 inet dhcp
    mtu 1400
    offload-gro off
    post-up ip route add 198.51.100.0/24 via 203.0.113.1 dev eth0 || true
    post-up ethtool -G $IFACE rx 512
    up sysctl -w net.ipv4.conf.eth0.rp_filter=2
    up /usr/local/bin/notify eth0
    up ip link set eth0 txqueuelen 500
    down ip route del 198.51.100.0/24 dev eth0; /usr/local/bin/notify eth0
    up echo it is eth00 and eth0.5`;
  const [file] = bridgedInterfaces([{ path: '/etc/network/interfaces', text }], MOVE);
  t.is(
    file?.text,
    `allow-hotplug eth0
auto breth0
${BARE}
    mtu 1400
    offload-gro off
    post-up ethtool -G $IFACE rx 512
    up ip link set eth0 txqueuelen 500

iface breth0 inet dhcp
${WAIT}
    mtu 1400
    post-up ip route add 198.51.100.0/24 via 203.0.113.1 dev breth0 || true
    up sysctl -w net.ipv4.conf.breth0.rp_filter=2
    up /usr/local/bin/notify eth0
    down ip route del 198.51.100.0/24 dev eth0; /usr/local/bin/notify eth0
    up echo it is eth00 and eth0.5`,
  );
  t.deepEqual(file?.remains, [
    'line 8 "up /usr/local/bin/notify eth0"',
    'line 10 "down ip route del 198.51.100.0/24 dev eth0; /usr/local/bin/notify eth0"',
  ]);
});

test('files that ifupdown includes change each for itself, and others not at all', (t) => {
  const files = [
    { path: '/etc/network/interfaces', text: 'source interfaces.d/*\nauto lo\niface lo inet loopback\n' },
    { path: '/etc/network/interfaces.d/auto', text: 'auto \\\n  eth0\n' },
    { path: '/etc/network/interfaces.d/eth0', text: 'iface eth0 inet dhcp\n' },
    { path: '/etc/network/interfaces.d/six', text: 'iface eth0 inet6 auto\n  up ethtool -s eth0 wol g\n' },
  ];
  t.deepEqual(
    bridgedInterfaces(files, MOVE).map(({ path, text }) => [path, text]),
    [
      ['/etc/network/interfaces.d/auto', 'auto \\\n  eth0\nauto breth0\n'],
      [
        '/etc/network/interfaces.d/eth0',
        `${BARE}\n    up ethtool -s eth0 wol g\n\niface breth0 inet dhcp\n${WAIT}\n`,
      ],
      ['/etc/network/interfaces.d/six', 'iface breth0 inet6 auto\n'],
    ],
  );
});

test('labelled addresses go to the bridge, VLANs stay and are named', (t) => {
  const text = `auto eth0 eth0:1 eth0.5
iface eth0 inet dhcp
iface eth0:1 inet static
    address 203.0.113.90/24
iface eth0.5 inet dhcp
    vlan-raw-device eth0
`;
  const [file] = bridgedInterfaces([{ path: 'f', text }], MOVE);
  t.is(
    file?.text,
    `auto eth0 breth0:1 eth0.5
auto breth0
${BARE}

iface breth0 inet dhcp
${WAIT}
iface breth0:1 inet static
    address 203.0.113.90/24
iface eth0.5 inet dhcp
    vlan-raw-device eth0
`,
  );
  t.deepEqual(file?.remains, ['line 5 "iface eth0.5 inet dhcp"', 'line 6 "vlan-raw-device eth0"']);
});

const REFUSED: Readonly<Record<string, readonly [text: string, why: string]>> = {
  mapping: [
    'mapping eth*\n  script /usr/local/sbin/choose\n',
    'f, line 1: a mapping chooses the configuration of eth0; name the logical interface after it instead',
  ],
  'a pattern': ['auto lo\nauto /eth*\n', 'f, line 2: "/eth*" selects eth0; write its name instead'],
  "a pattern by the NIC's MAC": [
    'auto mac/0a:58:*\n',
    'f, line 1: "mac/0a:58:*" selects eth0; write its name instead',
  ],
  'a logical interface': ['auto eth0=home\n', 'f, line 1: "eth0=home" selects eth0; write its name instead'],
  "the bridge's own stanza": [
    'iface breth0 inet manual\n',
    'f, line 1: breth0 has a configuration already; delete it first',
  ],
  'a stanza that inherits': [
    'iface eth1 inet static inherits eth0\n',
    'f, line 1: eth1 inherits the configuration of eth0; write it out instead',
  ],
  'another method': [
    'iface eth0 inet ppp\n',
    'f, line 1: eth0 is configured with "inet ppp", which a bridge cannot have',
  ],
  'IEEE 802.1X': [
    'iface eth0 inet dhcp\n    # wired\n    wpa-driver wired\n',
    'f, line 3: "wpa-driver" is not carried over to a bridge',
  ],
  "Open vSwitch's own stanza": [
    'iface eth0 inet manual\n  ovs_type OVSPort\n',
    'f, line 2: "ovs_type" is not carried over to a bridge',
  ],
};

for (const [what, [text, message]] of Object.entries(REFUSED))
  test(`a file with ${what} is refused by name`, (t) => {
    t.throws(() => bridged(text), { code: 'ERR_PERSIST', message });
  });

test('a template and its heirs keep their names but for the NIC', (t) => {
  const text =
    'iface base inet static\n  mtu 1400\nauto eth0\niface eth0 inet static inherits base\n  address 192.0.2.1/24\n';
  t.true(
    bridged(text)[0]?.endsWith(`iface breth0 inet static inherits base\n${WAIT}\n  address 192.0.2.1/24\n`),
  );
  t.true(bridged(text)[0]?.startsWith('iface base inet static\n  mtu 1400\nauto eth0\nauto breth0\n'));
});

function bridged(text: string): string[] {
  return bridgedInterfaces([{ path: 'f', text }], MOVE).map((file) => file.text);
}
