import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { ProductError } from '../../../src/net/errors.js';
import { Netplan } from '../../../src/nic/persist/netplan.js';
import { Networkd } from '../../../src/nic/persist/networkd.js';
import { recordOf } from '../../../src/nic/persist/record.js';
import type { Surroundings } from '../../../src/nic/persist/surroundings.js';

const MOVE = { nic: 'eth0', bridge: 'breth0', mac: '0a:58:cb:00:71:14' };
const OURS = {
  bridge: 'etc/systemd/network/00-ovn-k8s-breth0.network',
  nic: 'etc/systemd/network/00-ovn-k8s-eth0.network',
};
const NETPLAN = 'run/systemd/network/10-netplan-id0.network';

test('systemd-networkd configures a NIC that it has a file for, and netplan one that it made the file for', async (t) => {
  const own = begin(t, stateOf('etc/systemd/network/eth0.network'));
  t.is(await new Networkd(own).find('eth0'), 'its file is /etc/systemd/network/eth0.network');
  t.is(await new Netplan(own).find('eth0'), undefined);
  t.is(await new Networkd(own).find('eth1'), undefined);
  const made = begin(t, stateOf(NETPLAN));
  t.is(await new Networkd(made).find('eth0'), undefined);
  t.is(
    await new Netplan(made).find('eth0'),
    'systemd-networkd has /run/systemd/network/10-netplan-id0.network',
  );
});

test('files that a systemd-networkd that has ended left count for nothing', async (t) => {
  const around = { ...begin(t, stateOf(NETPLAN)), run: ended };
  t.is(await new Networkd(around).find('eth0'), undefined);
  t.is(await new Netplan(around).find('eth0'), undefined);
});

test('the files of bridge and NIC are made, the bridge first, and no other changes', async (t) => {
  const around = begin(t, {
    ...stateOf('usr/lib/systemd/network/80-all.network'),
    'usr/lib/systemd/network/80-all.network': '[Match]\nType=ether\n[Network]\nDHCP=yes\n',
    'usr/lib/systemd/network/80-all.network.d/a.conf': '[Network]\nDNS=192.0.2.1\n',
    'etc/systemd/network/80-all.network.d/a.conf': '[Network]\nDNS=192.0.2.2\n',
    'etc/systemd/network/20-eth1.network': '[Match]\nName=eth1\n',
    'run/systemd/netif/leases/2': 'ADDRESS=203.0.113.53\nCLIENTID=ffaf0e379400020000ab11c66bd45e0e4e097e\n',
  });
  const changes = await new Networkd(around).plan(MOVE);
  t.deepEqual(
    changes.map(({ path, before, after }) => [
      path.replace(`${around.root}/`, ''),
      before,
      after?.split('\n').length,
    ]),
    [
      [`${OURS.bridge}.d/a.conf`, undefined, 4],
      [OURS.bridge, undefined, 13],
      [OURS.nic, undefined, 14],
    ],
  );
  t.regex(changes[0]?.after ?? '', /DNS=192\.0\.2\.2/);
  t.regex(changes[1]?.after ?? '', /Name=breth0\n\n\[Network\]\nDHCP=yes\n\n\[DHCPv4\]\nIAID=2936944532\n/);
});

test('the copies for the bridge are no more readable than the files of the NIC', async (t) => {
  const path = 'usr/lib/systemd/network/80-all.network';
  const dropIn = 'etc/systemd/network/80-all.network.d/a.conf';
  const around = begin(t, {
    ...stateOf(path),
    [path]: '[Match]\nType=ether\n',
    [dropIn]: '[Network]\nDNS=192.0.2.2\n',
  });
  chmodSync(join(around.root, path), 0o640);
  chmodSync(join(around.root, dropIn), 0o600);
  const record = recordOf(MOVE, 'systemd-networkd', await new Networkd(around).plan(MOVE));
  t.deepEqual(
    record.files.map(({ path: made, after }) => [made.replace(`${around.root}/`, ''), after?.mode]),
    [
      [`${OURS.bridge}.d/a.conf`, 0o600],
      [OURS.bridge, 0o640],
      [OURS.nic, 0o644],
    ],
  );
});

test('a file that is masked by a link to /dev/null does not match', async (t) => {
  const around = begin(t, {
    ...stateOf('etc/systemd/network/eth0.network'),
    'etc/systemd/network/eth0.network': '[Match]\nName=eth0\n',
  });
  symlinkSync('/dev/null', join(around.root, 'etc/systemd/network/00-all.network'));
  await t.notThrowsAsync(new Networkd(around).plan(MOVE));
});

test('with netplan the boot waits for the bridge and not for the NIC', async (t) => {
  const around = begin(t, { ...stateOf(NETPLAN), [NETPLAN]: '[Match]\nName=eth0\n\n[Network]\nDHCP=ipv4\n' });
  const changes = await new Netplan(around).plan(MOVE);
  const texts = new Map(changes.map(({ path, after }) => [path.replace(`${around.root}/`, ''), after]));
  t.deepEqual(
    [...texts.keys()],
    [
      OURS.bridge,
      'etc/systemd/system/systemd-networkd-wait-online.service.d/90-ovn-k8s-breth0.conf',
      'etc/systemd/system/network-online.target.d/90-ovn-k8s-breth0.conf',
      'etc/netplan/90-ovn-k8s-eth0.yaml',
      OURS.nic,
    ],
  );
  t.regex(
    texts.get('etc/netplan/90-ovn-k8s-eth0.yaml') ?? '',
    /\n\{"network":\{"version":2,"ethernets":\{"id0":\{"optional":true\}\}\}\}\n$/,
  );
  t.is(changes.find(({ path }) => path.endsWith('.yaml'))?.mode, 0o600);
});

test('netplan does not make the boot wait for the bridge of an optional NIC', async (t) => {
  const text = '[Match]\nName=eth0\n[Link]\nRequiredForOnline=no\n[Network]\nDHCP=ipv4\n';
  const changes = await new Netplan(begin(t, { ...stateOf(NETPLAN), [NETPLAN]: text })).plan(MOVE);
  t.deepEqual(
    changes.map(({ path }) => path.replace(/^.*\//, '')),
    ['00-ovn-k8s-breth0.network', '00-ovn-k8s-eth0.network'],
  );
});

/** What systemd-networkd says of eth0. */
function stateOf(file: string): Record<string, string> {
  return { 'run/systemd/netif/links/2': `ADMIN_STATE=configured\nNETWORK_FILE=/${file}\n` };
}

function begin(t: ExecutionContext, files: Readonly<Record<string, string>>): Surroundings {
  const root = mkdtempSync(join(tmpdir(), 'networkd-'));
  t.teardown(() => rmSync(root, { recursive: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  mkdirSync(join(root, 'etc/systemd/network'), { recursive: true });
  return { root, run: async () => '', ifindexOf: async (device) => (device === 'eth0' ? 2 : undefined) };
}

async function ended(): Promise<string> {
  throw new ProductError('ERR_PERSIST', 'inactive');
}
