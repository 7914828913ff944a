import test from 'ava';
import { bridgedProfiles, type Profile } from '../../../src/nic/persist/networkmanager_files.js';

const MOVE = { nic: 'eth0', bridge: 'breth0', mac: '0a:58:cb:00:71:14' };
const TEXT = `# written by hand
[connection]
id=office
uuid=7ba00b1d-8cdd-30da-91ad-bb83ed4f7474
type=ethernet
interface-name=eth0
autoconnect-priority=5
timestamp=1795857808
zone=internal

[ethernet]
mtu=1400
wake-on-lan=64

[ethtool]
feature-gro=false

[ipv4]
method=manual
address1=203.0.113.20/24,203.0.113.1
dns=203.0.113.1;
route1=198.51.100.0/24,203.0.113.1
route1_options=mtu=1300

[ipv6]
addr-gen-mode=eui64
method=auto
route-metric=50

[proxy]
browser-only=true
`;
const PROFILE: Profile = { name: 'office', uuid: '7ba00b1d', text: TEXT, dhcpClientId: undefined };
const FOLDER = '/etc/NetworkManager/system-connections';

test('the profile of a NIC becomes that of its bridge, in two kinds of tap devices, and the NIC gets a bare one', (t) => {
  const files = bridgedProfiles(PROFILE, { ...MOVE, datapath: 'netdev' });
  t.deepEqual(
    [...files.keys()],
    [
      '/etc/NetworkManager/conf.d/ovn-k8s-breth0.conf',
      '/etc/systemd/system/NetworkManager.service.d/ovn-k8s-breth0.conf',
      `${FOLDER}/ovn-k8s-breth0.nmconnection`,
      `${FOLDER}/ovn-k8s-breth0-vnet-hdr.nmconnection`,
      `${FOLDER}/ovn-k8s-eth0.nmconnection`,
    ],
  );
  const bridge = files.get(`${FOLDER}/ovn-k8s-breth0.nmconnection`);
  t.is(
    bridge?.replace(/uuid=.*/, 'uuid=X'),
    `[connection]
id=breth0
uuid=X
type=tun
interface-name=breth0
autoconnect-priority=999
zone=internal

[tun]
mode=2
vnet-hdr=false

[ethernet]
cloned-mac-address=0A:58:CB:00:71:14

# written by hand
[ipv6]
addr-gen-mode=eui64
method=auto
route-metric=50

[proxy]
browser-only=true

[ipv4]
method=manual
address1=203.0.113.20/24,203.0.113.1
dns=203.0.113.1;
route1=198.51.100.0/24,203.0.113.1
route1_options=mtu=1300
route-metric=100
`,
  );
  t.true(files.get(`${FOLDER}/ovn-k8s-breth0-vnet-hdr.nmconnection`)?.includes('vnet-hdr=true\n'));
  t.is(
    files.get(`${FOLDER}/ovn-k8s-eth0.nmconnection`)?.replace(/uuid=.*/, 'uuid=X'),
    `[connection]
id=eth0 on breth0
uuid=X
type=ethernet
interface-name=eth0
autoconnect-priority=999

[ethernet]
mtu=1400
wake-on-lan=64

[ethtool]
feature-gro=false

[ipv4]
method=disabled

[ipv6]
method=disabled
`,
  );
  const uuids = [...files.values()].flatMap((text) => /^uuid=(.*)$/m.exec(text)?.[1] ?? []);
  t.is(new Set(uuids).size, 3);
  for (const uuid of uuids) t.regex(uuid, /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
});

test('the same NIC always gets the same files', (t) => {
  const files = () => bridgedProfiles(PROFILE, { ...MOVE, datapath: 'netdev' });
  t.deepEqual(files(), files());
});

test("the port of a bridge in the kernel's datapath gets a generic profile", (t) => {
  const files = bridgedProfiles(PROFILE, { ...MOVE, datapath: 'system' });
  const text = files.get(`${FOLDER}/ovn-k8s-breth0.nmconnection`);
  t.regex(text ?? '', /^type=generic$/m);
  t.notRegex(text ?? '', /\[tun\]|\[ethernet\]/);
  t.is([...files.keys()].filter((path) => path.startsWith(FOLDER)).length, 2);
});

test('a lease keeps the identifier by which the server knows it', (t) => {
  const text =
    '[connection]\ntype=ethernet\n[ipv4]\nmethod=auto\ndhcp-client-id=stable\n[ipv6]\nmethod=auto\n';
  const files = bridgedProfiles(
    { ...PROFILE, text, dhcpClientId: '01:0a:58:cb:00:71:14' },
    { ...MOVE, datapath: 'netdev' },
  );
  const bridge = files.get(`${FOLDER}/ovn-k8s-breth0.nmconnection`) ?? '';
  t.true(
    bridge.endsWith(
      '[ipv4]\nmethod=auto\nroute-metric=100\ndhcp-client-id=01:0a:58:cb:00:71:14\n\n[ipv6]\nmethod=auto\nroute-metric=100\n',
    ),
    bridge,
  );
});

const REFUSED: Readonly<Record<string, readonly [text: string, why: string]>> = {
  'another type': [
    '[connection]\ntype=bond\n',
    'is a profile of type bond; only ethernet can be carried over',
  ],
  'IEEE 802.1X': [
    '[connection]\ntype=ethernet\n[802-1x]\npassword=secret\n',
    "has a section 802-1x, which a bridge's port cannot have",
  ],
  'a controller': [
    '[connection]\ntype=ethernet\ncontroller=br0\nport-type=bridge\n',
    'has controller, so the NIC is not by itself',
  ],
  'a shared address': [
    '[connection]\ntype=ethernet\n[ipv4]\nmethod=shared\n',
    "has ipv4.method=shared, which a bridge's port cannot have",
  ],
  'the highest priority': [
    '[connection]\ntype=ethernet\nautoconnect-priority=999\n',
    'has autoconnect-priority=999, which those of eth0 on its bridge need; lower it',
  ],
};

for (const [what, [text, why]] of Object.entries(REFUSED))
  test(`a profile with ${what} is refused by name, and no secret is shown`, (t) => {
    const error = t.throws(() => bridgedProfiles({ ...PROFILE, text }, MOVE), {
      code: 'ERR_PERSIST',
      message: `eth0: office ${why}`,
    });
    t.notRegex(String(error), /secret/);
  });
