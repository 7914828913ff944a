import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { NetworkManager } from '../../../src/nic/persist/networkmanager.js';
import { profileUuid } from '../../../src/nic/persist/networkmanager_files.js';

const MOVE = { nic: 'eth0', bridge: 'breth0', mac: '0a:58:cb:00:71:14' };
const PATH = '/run/NetworkManager/system-connections/Wired connection 1.nmconnection';
const STATE = { 'run/NetworkManager/devices/2': '[device]\nmanaged=true\nnm-owned=false\n' };
const PROFILE =
  '[connection]\nid=Wired connection 1\ntype=ethernet\n[ipv4]\nmethod=auto\n[.nmmeta]\nnm-generated=true\n';
const ANSWERS = {
  'GENERAL.CON-UUID': 'GENERAL.CON-UUID:544a25a1',
  'UUID,FILENAME': `866f71a8:/run/NetworkManager/system-connections/lo.nmconnection\n544a25a1:${PATH}`,
  DHCP4:
    'DHCP4.OPTION[1]:broadcast_address = 203.0.113.255\nDHCP4.OPTION[2]:dhcp_client_identifier = 01:0a:58:cb:00:71:14',
};

test('NetworkManager configures a NIC that it manages by a profile, also one that has no file in /etc', async (t) => {
  const { manager } = begin(t, { ...STATE, [PATH]: PROFILE });
  t.is(await manager.find('eth0'), `its profile is ${PATH}`);
});

test('NetworkManager configures no NIC that it does not manage, and none that somebody else configured', async (t) => {
  const unmanaged = begin(t, {
    'run/NetworkManager/devices/2': '[device]\nmanaged=false\n',
    [PATH]: PROFILE,
  });
  t.is(await unmanaged.manager.find('eth0'), undefined);
  const external = begin(t, { ...STATE, [PATH]: `${PROFILE}external=true\n` });
  t.is(await external.manager.find('eth0'), undefined);
});

test('the profiles that are written are for root alone, and the lease keeps its client identifier', async (t) => {
  const { manager } = begin(t, { ...STATE, [PATH]: PROFILE });
  const changes = await manager.plan({ ...MOVE, datapath: 'netdev' });
  t.true(changes.every(({ before, path }) => before === undefined && !path.endsWith(PATH)));
  for (const { path, mode, after } of changes)
    if (path.endsWith('.nmconnection')) {
      t.is(mode, 0o600);
      if (path.includes('breth0')) t.regex(after ?? '', /^dhcp-client-id=01:0a:58:cb:00:71:14$/m);
    }
});

test("a bridge in the kernel's datapath is refused where NetworkManager has a plugin of Open vSwitch", async (t) => {
  const plugin = 'usr/lib/x86_64-linux-gnu/NetworkManager/1.52.1/libnm-device-plugin-ovs.so';
  const { manager } = begin(t, { ...STATE, [PATH]: PROFILE, [plugin]: '' });
  await t.throwsAsync(manager.plan({ ...MOVE, datapath: 'system' }), {
    code: 'ERR_PERSIST',
    message: /plugin of Open vSwitch/,
  });
  await t.notThrowsAsync(manager.plan({ ...MOVE, datapath: 'netdev' }));
});

const DEVICES = [
  {
    what: 'a tap device',
    link: { linkinfo: { info_kind: 'tun', info_data: { vnet_hdr: false } } },
    purpose: 'bridge',
  },
  {
    what: 'a tap device with headers of virtio',
    link: { linkinfo: { info_kind: 'tun', info_data: { vnet_hdr: true } } },
    purpose: 'bridge-vnet-hdr',
  },
  {
    what: "a port of the kernel's datapath",
    link: { linkinfo: { info_kind: 'openvswitch' } },
    purpose: 'bridge',
  },
];

for (const { what, link, purpose } of DEVICES)
  test(`the profile that fits is activated on ${what}`, async (t) => {
    const { manager, commands } = begin(t, {}, JSON.stringify([link]));
    await manager.takeUp(MOVE, 'breth0');
    t.true(commands.includes(`nmcli connection up uuid ${profileUuid(MOVE, purpose)} ifname breth0`));
    t.is(commands.at(-1), 'nmcli device set eth0 managed yes');
  });

test('duplicate address detection is off while addresses are set anew, and on again after a failure', async (t) => {
  const sysctl = 'proc/sys/net/ipv6/conf/eth0/accept_dad';
  const { manager, commands } = begin(t, { [sysctl]: '1\n' }, '[]', 'nmcli device connect eth0');
  await t.throwsAsync(manager.takeUp(MOVE, 'eth0'), { message: 'no' });
  t.is(commands.at(3), 'sysctl --quiet --write net/ipv6/conf/eth0/accept_dad=0');
  t.is(commands.at(-1), 'sysctl --quiet --write net/ipv6/conf/eth0/accept_dad=1');
});

function begin(t: ExecutionContext, files: Readonly<Record<string, string>>, link = '[]', failing = '') {
  const root = mkdtempSync(join(tmpdir(), 'networkmanager-'));
  t.teardown(() => rmSync(root, { recursive: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  for (const pid of ['self', '142']) {
    mkdirSync(join(root, 'proc', pid, 'ns'), { recursive: true });
    symlinkSync('net:[4026531840]', join(root, 'proc', pid, 'ns/net'));
  }
  const commands: string[] = [];
  const run = async (...argv: readonly string[]) => {
    commands.push(argv.join(' '));
    if (argv.join(' ') === failing) throw new Error('no');
    if (argv[0] === 'ip') return link;
    if (argv.includes('--property=MainPID')) return '142\n';
    return Object.entries(ANSWERS).find(([field]) => argv.includes(field))?.[1] ?? '';
  };
  return { commands, manager: new NetworkManager({ root, run, ifindexOf: async () => 2 }) };
}
