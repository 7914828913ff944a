import test from 'ava';
import type { Link } from '../../src/host/snapshot.js';
import { boundDevices, boundSockets, joinedGroups } from '../../src/nic/bound.js';

/** A link as `ip -json -details link show` prints it. */
const link = (ifname: string, more: object): Link => ({ ifindex: 1, ifname, mtu: 1500, flags: [], ...more });
const kind = (info_kind: string, info_data: object) => ({ linkinfo: { info_kind, info_data } });

/** What iproute2 6.1 prints, those of the kinds that the kernel of the tests lacks too. */
const STACKED: readonly (readonly [string, Link])[] = [
  [
    'a VLAN',
    link('eth0.100', {
      link: 'eth0',
      ...kind('vlan', { protocol: '802.1Q', id: 100, flags: ['REORDER_HDR'] }),
    }),
  ],
  ['a macvlan', link('mv0', { link: 'eth0', ...kind('macvlan', { mode: 'vepa', bcqueuelen: 1000 }) })],
  ['an ipvlan', link('iv0', { link: 'eth0', ...kind('ipvlan', { mode: 'l3', flags: ['bridge'] }) })],
  ['MACsec', link('macsec0', { link: 'eth0', ...kind('macsec', { sci: '0a58cb00710a0001', icv_len: 16 }) })],
];
const TUNNELS: readonly (readonly [string, Link])[] = [
  [
    'vxlan',
    link('vx0', kind('vxlan', { id: 5, remote: '203.0.113.2', link: 'eth0', port: 4789, learning: true })),
  ],
  [
    'gre',
    link('gre1', {
      link: null,
      ...kind('gre', { remote: '203.0.113.2', local: 'any', link: 'eth0', ttl: 0 }),
    }),
  ],
  ['ip6tnl', link('ip6t', kind('ip6tnl', { proto: 'ip6ip6', remote: '2001:db8::1', link: 'eth0' }))],
  ['xfrm', link('xfrm1', kind('xfrm', { dev: 'eth0', if_id: '0x5' }))],
];

for (const [what, one] of STACKED)
  test(`${what} on the NIC is named`, (t) => {
    t.deepEqual(boundDevices('eth0', 'breth0', [one]), [
      `${one.ifname} is stacked on eth0: its frames bypass breth0 until it is created again on breth0`,
    ]);
    t.deepEqual(boundDevices('eth', 'breth', [one]), []);
  });

for (const [name, one] of TUNNELS)
  test(`a ${name} device that sends through the NIC is named, with the remedy`, (t) => {
    t.deepEqual(boundDevices('eth0', 'breth0', [one]), [
      `${one.ifname} (${name}) sends through eth0: it is cut off until it is created again with dev breth0`,
    ]);
    t.deepEqual(boundDevices('eth1', 'breth1', [one]), []);
  });

test('the peer of a veth device, and a device of another one, are not named', (t) => {
  t.deepEqual(
    boundDevices('eth0', 'breth0', [
      link('peer', { link: 'eth0', ...kind('veth', {}) }),
      link('slave', { master: 'eth0', ...kind('bond', {}) }),
      link('strange', { linkinfo: { info_kind: 'strange', info_data: 'eth0' } }),
    ]),
    [],
  );
});

/** What `ss -HntuSwap` of iproute2 6.1 prints. */
const SOCKETS = `raw UNCONN 0 0 0.0.0.0%eth0:112 0.0.0.0:* users:(("keepalived",pid=12,fd=5))
udp UNCONN 0 0 0.0.0.0%eth0:68 0.0.0.0:* users:(("dhclient",pid=13,fd=3))
udp UNCONN 0 0 0.0.0.0%eth01:67 0.0.0.0:* users:(("dnsmasq",pid=14,fd=3))
udp UNCONN 0 0 [fe80::5410:5aff:fe49:73cb]%eth0:5353 [::]:* users:(("avahi",pid=15,fd=8))
tcp LISTEN 0 128 *%eth0:8080 *:* users:(("web",pid=16,fd=4))
tcp LISTEN 0 128 *:22 *:* users:(("sshd",pid=17,fd=4))
`;

test('sockets that are bound to the NIC are named, but not those of DHCP clients', (t) => {
  const note = (socket: string) =>
    `${socket} is bound to eth0 and gets nothing on breth0: restart its program with breth0`;
  t.deepEqual(boundSockets('eth0', 'breth0', SOCKETS), [
    note('raw socket 0.0.0.0%eth0:112 of keepalived (pid 12)'),
    note('udp socket [fe80::5410:5aff:fe49:73cb]%eth0:5353 of avahi (pid 15)'),
    note('tcp socket *%eth0:8080 of web (pid 16)'),
  ]);
});

test('a multicast group that a program has joined is named, and those of the kernel are not', (t) => {
  const maddr = [
    { link: '33:33:00:00:00:01' },
    ...['224.0.0.1', '224.0.0.18'].map((address) => ({ family: 'inet', address })),
    ...['ff02::1:ff00:1', 'ff02::1:ff20:72f3', 'ff02::1', 'ff01::1', 'ff02::fb'].map((address) => ({
      family: 'inet6',
      address,
    })),
  ];
  t.deepEqual(
    joinedGroups('eth0', JSON.stringify([{ ifindex: 3, ifname: 'eth0', maddr }])),
    ['224.0.0.18', 'ff02::fb'].map(
      (group) => `a program has joined ${group} on eth0: restart it, so that it joins where the address is`,
    ),
  );
  for (const strange of ['', '{', '7', '[{"maddr":[7,null,{"family":"inet"}]}]'])
    t.deepEqual(joinedGroups('eth0', strange), []);
});
