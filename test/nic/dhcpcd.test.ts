import test from 'ava';
import type { ClientProcess } from '../../src/nic/dhcp_process.js';
import { findDhcpcd } from '../../src/nic/dhcpcd.js';

/** Titles of the processes of dhcpcd 10 for one interface, as /proc/PID/cmdline has them. */
const ALONE = [
  'dhcpcd: eth0 [ip4]',
  'dhcpcd: [privileged proxy] eth0 [ip4]',
  'dhcpcd: [control proxy] eth0 [ip4]',
  'dhcpcd: [BPF ARP] eth0 203.0.113.54',
];
interface Found {
  /** The index of its title. */
  readonly pid: number;
  readonly isManager: boolean;
  readonly families: readonly string[];
}
const CASES: readonly (readonly [string, readonly string[], Found | undefined])[] = [
  [
    'one for the interface, not its helpers',
    ALONE.toReversed(),
    { pid: 3, isManager: false, families: ['-4'] },
  ],
  ['one for both families', ['dhcpcd: eth0 [ip4] [ip6]'], { pid: 0, isManager: false, families: [] }],
  [
    'a manager of all interfaces',
    ['dhcpcd: [manager] [ip4] [ip6]'],
    { pid: 0, isManager: true, families: [] },
  ],
  [
    'its own process rather than a manager',
    ['dhcpcd: [manager] [ip4]', 'dhcpcd: eth0 [ip4]'],
    { pid: 1, isManager: false, families: ['-4'] },
  ],
  ["none for another interface's", ['dhcpcd: eth1 [ip4]', 'dhcpcd: [BPF ARP] eth0'], undefined],
];

for (const [name, titles, found] of CASES) {
  test(`the dhcpcd of an interface: ${name}`, (t) => {
    const clients = titles.map((title, pid): ClientProcess => {
      return { pid, client: 'dhcpcd', program: '/usr/sbin/dhcpcd', argv: [title], start: '1' };
    });
    const { process, ...rest } = findDhcpcd(clients, 'eth0') ?? {};
    t.deepEqual(process === undefined ? undefined : { pid: process.pid, ...rest }, found);
  });
}

test('a dhclient is none', (t) => {
  const argv = ['dhcpcd: eth0'];
  t.is(
    findDhcpcd([{ pid: 1, client: 'dhclient', program: '/usr/sbin/dhclient', argv, start: '1' }], 'eth0'),
    undefined,
  );
});
