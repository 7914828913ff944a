import test from 'ava';
import { findDhcpcd } from '../../src/nic/dhcpcd.js';

/** Titles of the processes of dhcpcd 10 for one interface, as /proc/PID/cmdline has them. */
const ALONE = [
  'dhcpcd: eth0 [ip4]',
  'dhcpcd: [privileged proxy] eth0 [ip4]',
  'dhcpcd: [control proxy] eth0 [ip4]',
  'dhcpcd: [BPF ARP] eth0 203.0.113.54',
];
const CASES: readonly (readonly [string, readonly string[], ReturnType<typeof findDhcpcd>])[] = [
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
  ['none for other programs', ['dhclient eth0', 'sshd: eth0'], undefined],
];

for (const [name, titles, found] of CASES) {
  test(`the dhcpcd of an interface: ${name}`, (t) => {
    t.deepEqual(
      findDhcpcd(
        titles.map((title, pid) => ({ pid, argv: [title] })),
        'eth0',
      ),
      found,
    );
  });
}
