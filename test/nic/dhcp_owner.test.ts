import test from 'ava';
import fc from 'fast-check';
import type { ProductError } from '../../src/net/errors.js';
import {
  type DhcpOwner,
  dhclientOwner,
  findDhclient,
  findDhcpOwner,
  hasLease,
} from '../../src/nic/dhcp_owner.js';
import type { ClientProcess } from '../../src/nic/dhcp_process.js';

const running = (...lines: readonly string[]): ClientProcess[] =>
  lines.map((line, index) => {
    const client = line.includes('dhcpcd') ? 'dhcpcd' : 'dhclient';
    return { pid: 100 + index, client, program: `/usr/sbin/${client}`, argv: line.split(' '), start: '1' };
  });

function find(
  clients: readonly ClientProcess[],
  { family = 'inet' as 'inet' | 'inet6', paths = [] as readonly string[] } = {},
): DhcpOwner | undefined {
  const where = { from: 'eth0', ifindex: 2, to: 'breth0', family };
  return findDhcpOwner(where, { clients, exists: (path) => paths.includes(path) });
}

test('a dhclient is killed, and started on the bridge with its own options and files', (t) => {
  const [dhclient] = running(
    '/sbin/dhclient -4 -d -pf /run/dhclient.eth0.pid -lf /var/lib/dhcp/dhclient.eth0.leases -cf /etc/dhcp/eth01.conf eth0',
  );
  t.deepEqual(dhclient && find([dhclient]), {
    client: 'dhclient',
    process: dhclient,
    leases: {
      file: '/var/lib/dhcp/dhclient.eth0.leases',
      newFile: '/var/lib/dhcp/dhclient.breth0.leases',
      from: 'eth0',
      to: 'breth0',
    },
    commands: [
      '/usr/sbin/dhclient -nw -4 -pf /run/dhclient.breth0.pid -lf /var/lib/dhcp/dhclient.breth0.leases -cf /etc/dhcp/eth01.conf breth0'.split(
        ' ',
      ),
    ],
    undo: [
      '/usr/sbin/dhclient -nw -4 -pf /run/dhclient.eth0.pid -lf /var/lib/dhcp/dhclient.eth0.leases -cf /etc/dhcp/eth01.conf eth0'.split(
        ' ',
      ),
    ],
  });
});

for (const [what, line] of [
  ['an option that is not known', 'dhclient -sf /tmp/evil.sh eth0'],
  ['a lease file elsewhere', 'dhclient -lf /tmp/evil.leases eth0'],
  ['a lease file outside by way of ..', 'dhclient -lf /var/lib/dhcp/../../tmp/x eth0'],
  ['a pid file elsewhere', 'dhclient -pf /home/user/pid eth0'],
  ['words for a shell', 'dhclient $(reboot) eth0'],
] as const)
  test(`a dhclient with ${what} is refused by name, since its command is built and not copied`, (t) => {
    const error = t.throws(() => find(running(line)), {
      code: 'ERR_DHCP',
      message: /which is not carried over; restart it by hand/,
    });
    t.true(error?.message.startsWith('dhclient was started with "'));
  });

test('whatever its arguments are, a dhclient is started with known options and files of the usual folders, or refused', (t) => {
  const word = fc.oneof(
    fc.constantFrom(
      '-4',
      '-6',
      '-v',
      '-nw',
      '-d',
      '-pf',
      '-lf',
      '-cf',
      '-df',
      '-D',
      'LL',
      'eth0',
      'eth1',
      '-sf',
      '-e',
    ),
    fc.constantFrom(
      '/run/dhclient.eth0.pid',
      '/var/lib/dhcp/dhclient.eth0.leases',
      '/etc/dhcp/x.conf',
      '/tmp/x',
      '../x',
    ),
    fc.string({ unit: 'binary', maxLength: 20 }),
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 12 }), (args) => {
      const [dhclient] = running('dhclient');
      if (dhclient === undefined) throw new Error('no process');
      let owner: DhcpOwner;
      try {
        owner = dhclientOwner({ ...dhclient, argv: ['/tmp/evil/dhclient', ...args] }, 'eth0', 'breth0');
      } catch (error) {
        t.is((error as ProductError).code, 'ERR_DHCP');
        return;
      }
      const known =
        /^(-nw|-[46vqiIBNS]|-pf|-lf|-df|-cf|-D|LLT?|(\/var)?\/run\/[\w.@+-]+|\/var\/lib\/dhcp\/[\w.@+-]+|\/etc\/dhcp\/[\w.@+-]+|[\w.+@][\w.+@-]{0,14})$/;
      for (const command of [...owner.commands, ...owner.undo]) {
        t.is(command[0], '/usr/sbin/dhclient');
        for (const one of command.slice(1)) t.regex(one, known);
      }
      for (const file of [owner.leases?.file, owner.leases?.newFile])
        t.regex(file ?? '', /^\/var\/lib\/dhcp\/[\w.@+-]+$/);
    }),
    { numRuns: 1_000 },
  );
});

test('a dhclient of all interfaces is started for the bridge alone', (t) => {
  const [dhclient] = running('dhclient -v');
  if (dhclient === undefined) throw new Error('no process');
  const { commands, leases } = dhclientOwner(dhclient, 'eth0', 'breth0');
  t.deepEqual(commands, [['/usr/sbin/dhclient', '-nw', '-v', 'breth0']]);
  t.is(leases?.file, '/var/lib/dhcp/dhclient.leases');
  t.is(leases?.newFile, leases?.file);
});

const DHCLIENTS: readonly (readonly [
  string,
  readonly ClientProcess[],
  'inet' | 'inet6',
  number | undefined,
])[] = [
  ['the one that names the interface', running('dhclient', 'dhclient eth1', 'dhclient eth0'), 'inet', 102],
  ['else the one of all interfaces', running('dhclient eth1', 'dhclient -4 -v'), 'inet', 101],
  ['not that of another interface', running('dhclient eth1', 'dhclient eth01'), 'inet', undefined],
  ['the one of the family, IPv6', running('dhclient eth0', 'dhclient -6 eth0'), 'inet6', 101],
  ['the one of the family, IPv4', running('dhclient -6 eth0', 'dhclient eth0'), 'inet', 101],
  ['not that of NetworkManager', running('dhclient -sf /usr/lib/nm-dhcp-helper eth0'), 'inet', undefined],
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
        ['/usr/sbin/dhcpcd', '-x', 'eth0'],
        ['/usr/sbin/dhcpcd', '-b', 'breth0'],
      ],
      undo: [
        ['/usr/sbin/dhcpcd', '-x', 'breth0'],
        ['/usr/sbin/dhcpcd', '-b', 'eth0'],
      ],
    });
  });
}

test('a dhcpcd of the interface alone is killed, and started on the bridge for the same families', (t) => {
  const processes = running('dhcpcd: [BPF ARP] eth0', 'dhcpcd: eth0 [ip4]', 'dhcpcd: [manager]');
  t.deepEqual(find(processes), {
    client: 'dhcpcd',
    process: processes[1],
    commands: [['/usr/sbin/dhcpcd', '-4', '-b', 'breth0']],
    undo: [['/usr/sbin/dhcpcd', '-4', '-b', 'eth0']],
  });
});

test('a dhcpcd of another interface is not the client', (t) => {
  t.is(find(running('dhcpcd: eth1 [ip4]')), undefined);
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
