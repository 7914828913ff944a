import test from 'ava';
import {
  type DhcpOwner,
  dhclientOwner,
  findDhclient,
  findDhcpOwner,
  hasLease,
  type Process,
} from '../../src/nic/dhcp_owner.js';

const running = (...lines: readonly string[]): Process[] =>
  lines.map((line, index) => ({ pid: 100 + index, argv: line.split(' ') }));

function find(
  processes: readonly Process[],
  { family = 'inet' as 'inet' | 'inet6', paths = [] as readonly string[] } = {},
): DhcpOwner | undefined {
  const where = { from: 'eth0', ifindex: 2, to: 'breth0', family };
  return findDhcpOwner(where, { processes, exists: (path) => paths.includes(path) });
}

test('a dhclient is killed, and started on the bridge with its own options and files', (t) => {
  const [dhclient] = running(
    '/sbin/dhclient -4 -d -pf /run/dhclient.eth0.pid -lf /var/lib/dhcp/dhclient.eth0.leases -cf /etc/eth01.conf eth0',
  );
  t.deepEqual(dhclient && find([dhclient]), {
    client: 'dhclient',
    pid: 100,
    leases: {
      file: '/var/lib/dhcp/dhclient.eth0.leases',
      newFile: '/var/lib/dhcp/dhclient.breth0.leases',
      from: 'eth0',
      to: 'breth0',
    },
    commands: [
      '/sbin/dhclient -nw -4 -pf /run/dhclient.breth0.pid -lf /var/lib/dhcp/dhclient.breth0.leases -cf /etc/eth01.conf breth0'.split(
        ' ',
      ),
    ],
    undo: [
      '/sbin/dhclient -nw -4 -pf /run/dhclient.eth0.pid -lf /var/lib/dhcp/dhclient.eth0.leases -cf /etc/eth01.conf eth0'.split(
        ' ',
      ),
    ],
  });
});

test('a dhclient of all interfaces is started for the bridge alone', (t) => {
  const [dhclient] = running('dhclient -v');
  if (dhclient === undefined) throw new Error('no process');
  const { commands, leases } = dhclientOwner(dhclient, 'eth0', 'breth0');
  t.deepEqual(commands, [['dhclient', '-nw', '-v', 'breth0']]);
  t.is(leases?.file, '/var/lib/dhcp/dhclient.leases');
  t.is(leases?.newFile, leases?.file);
});

const DHCLIENTS: readonly (readonly [string, readonly Process[], 'inet' | 'inet6', number | undefined])[] = [
  ['the one that names the interface', running('dhclient', 'dhclient eth1', 'dhclient eth0'), 'inet', 102],
  ['else the one of all interfaces', running('dhclient eth1', 'dhclient -4 -v'), 'inet', 101],
  ['not that of another interface', running('dhclient eth1', 'dhclient eth01'), 'inet', undefined],
  ['the one of the family, IPv6', running('dhclient eth0', 'dhclient -6 eth0'), 'inet6', 101],
  ['the one of the family, IPv4', running('dhclient -6 eth0', 'dhclient eth0'), 'inet', 101],
  ['not that of NetworkManager', running('dhclient -sf /usr/lib/nm-dhcp-helper eth0'), 'inet', undefined],
  ['not a program with its name as an argument', running('vim dhclient eth0'), 'inet', undefined],
];

for (const [name, processes, family, pid] of DHCLIENTS) {
  test(`of several processes the dhclient is ${name}`, (t) => {
    t.is(findDhclient(processes, 'eth0', family)?.pid, pid);
  });
}

for (const title of ['dhcpcd: [manager] [ip4] [ip6]', 'dhcpcd: [master]', '/sbin/dhcpcd']) {
  test(`"${title}" serves the interface, and is asked to leave it and to take the bridge`, (t) => {
    t.deepEqual(find(running(title)), {
      client: 'dhcpcd',
      commands: [
        ['dhcpcd', '-x', 'eth0'],
        ['dhcpcd', '-b', 'breth0'],
      ],
      undo: [
        ['dhcpcd', '-x', 'breth0'],
        ['dhcpcd', '-b', 'eth0'],
      ],
    });
  });
}

test('a dhcpcd of the interface alone is killed, and started on the bridge for the same families', (t) => {
  t.deepEqual(find(running('dhcpcd: [BPF ARP] eth0', 'dhcpcd: eth0 [ip4]', 'dhcpcd: [manager]')), {
    client: 'dhcpcd',
    pid: 101,
    commands: [['dhcpcd', '-4', '-b', 'breth0']],
    undo: [['dhcpcd', '-4', '-b', 'eth0']],
  });
});

test('a dhcpcd of another interface is not the client', (t) => {
  t.is(find(running('dhcpcd: eth1 [ip4]', 'dhcpcd-ui eth0')), undefined);
});

test('systemd-networkd has a lease file by the index of the interface, and starts on the bridge again', (t) => {
  const paths = ['/run/systemd/netif/leases/2', '/run/NetworkManager/devices/2'];
  t.deepEqual(find([], { paths }), {
    client: 'systemd-networkd',
    commands: [
      ['networkctl', 'reload'],
      ['networkctl', 'reconfigure', 'breth0'],
    ],
    undo: [['networkctl', 'reconfigure', 'eth0']],
  });
  t.is(find([], { paths: ['/run/systemd/netif/leases/3'] }), undefined);
});

test('NetworkManager has a file by the index of the interface, and gets the bridge in its place', (t) => {
  t.deepEqual(find([], { paths: ['/run/NetworkManager/devices/2'] }), {
    client: 'NetworkManager',
    commands: [
      ['nmcli', 'device', 'set', 'eth0', 'managed', 'no'],
      ['nmcli', 'device', 'connect', 'breth0'],
    ],
    undo: [['nmcli', 'device', 'set', 'eth0', 'managed', 'yes']],
  });
});

test('a process that runs beats the files of a manager that has stopped', (t) => {
  const paths = ['/run/systemd/netif/leases/2'];
  t.is(find(running('dhclient eth0'), { paths })?.client, 'dhclient');
});

test('only dhclient has a process for IPv6 alone', (t) => {
  const paths = ['/run/systemd/netif/leases/2'];
  t.is(find(running('dhcpcd: eth0 [ip6]'), { family: 'inet6', paths }), undefined);
  t.is(find(running('dhclient -6 eth0'), { family: 'inet6' })?.client, 'dhclient');
});

test('a lease is an address of the family with the flag "dynamic"', (t) => {
  const addresses = [
    { family: 'inet' as const, local: '203.0.113.10', prefixlen: 24, dynamic: true },
    { family: 'inet6' as const, local: '2001:db8::10', prefixlen: 64 },
  ];
  t.true(hasLease({ addresses }, 'inet'));
  t.false(hasLease({ addresses }, 'inet6'));
  t.false(hasLease({ addresses: [] }, 'inet'));
});
