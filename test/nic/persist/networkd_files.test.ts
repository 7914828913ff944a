import test from 'ava';
import { iaidOf, networkTexts, refuseEarlierFiles } from '../../../src/nic/persist/networkd_files.js';

const MOVE = { nic: 'eth0', bridge: 'breth0' };
const FILE = {
  path: '/etc/systemd/network/eth0.network',
  text: `# mine
[Match]
# by name
Name=en* \\
  eth0
[Link]
MTUBytes=1400
RequiredForOnline=yes

[Network]
Address=203.0.113.20/24
[Route]
Gateway=203.0.113.1
`,
  dropIns: [
    { path: '/run/systemd/network/eth0.network.d/dns.conf', text: '[Network]\nDNS=192.0.2.1\n' },
    { path: '/etc/systemd/network/eth0.network.d/match.conf', text: '[Match]\nType=ether\n' },
  ],
};

test('the bridge gets the sections of the file of its NIC but [Match], and the drop-ins', (t) => {
  const { bridge } = networkTexts(MOVE, FILE, undefined);
  t.deepEqual(
    [...bridge.keys()],
    [
      '/etc/systemd/network/00-ovn-k8s-breth0.network.d/dns.conf',
      '/etc/systemd/network/00-ovn-k8s-breth0.network',
    ],
  );
  t.is(
    bridge.get('/etc/systemd/network/00-ovn-k8s-breth0.network'),
    `# Made from /etc/systemd/network/eth0.network by ovn-k8s-util nics-to-bridge; bridge-to-nics deletes it.
[Match]
Name=breth0

# mine
[Link]
MTUBytes=1400
RequiredForOnline=yes

[Network]
Address=203.0.113.20/24
[Route]
Gateway=203.0.113.1
`,
  );
});

test('the NIC keeps what its file sets of the link, and nobody waits for it', (t) => {
  const { nic } = networkTexts(MOVE, FILE, undefined);
  t.is(
    nic.get('/etc/systemd/network/00-ovn-k8s-eth0.network'),
    `# Made by ovn-k8s-util nics-to-bridge: breth0 has the configuration of eth0. bridge-to-nics deletes it.
[Match]
Name=eth0

[Link]
MTUBytes=1400

[Link]
RequiredForOnline=no

[Network]
DHCP=no
IPv6AcceptRA=no
LinkLocalAddressing=no
LLDP=no
EmitLLDP=no
`,
  );
});

test('the DHCP client of the bridge identifies itself as that of the NIC', (t) => {
  t.is(iaidOf('ff5d2b9a0e00020000ab11aabbcc'), 0x5d2b9a0e);
  t.is(iaidOf('010a58cb007114'), undefined);
  const { bridge } = networkTexts(MOVE, FILE, 42);
  t.regex([...bridge.values()].join(''), /\[DHCPv4\]\nIAID=42\n\n\[DHCPv6\]\nIAID=42\n$/);
});

test('another file that matches bridge or NIC and comes before ours is refused by name', (t) => {
  const refused = (name: string, text: string) =>
    t.throws(() => refuseEarlierFiles(['breth0', 'eth0'], [{ path: `/etc/systemd/network/${name}`, text }]), {
      code: 'ERR_PERSIST',
      message: new RegExp(`${name} can match breth0`),
    });
  refused('00-all.network', '[Match]\nType=ether\n');
  refused('00-all.network', '[Match]\nName=*\n');
  refused('00-a.network', '[Match]\nName=eth1 breth0\n');
  t.notThrows(() =>
    refuseEarlierFiles(
      ['breth0', 'eth0'],
      [
        { path: '/etc/systemd/network/00-a.network', text: '[Match]\nName=eth1 eth2\n' },
        { path: '/etc/systemd/network/eth0.network', text: '[Match]\nType=ether\n' },
      ],
    ),
  );
});
