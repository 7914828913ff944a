import type { ExecutionContext } from 'ava';
import { changes, type Edge, inventory, ROUTER, startEdge } from '../../lab/edge.js';
import { labTest } from '../../lab/lab_test.js';
import { cable } from '../../lab/link.js';
import type { Namespace } from '../../lab/namespace.js';

const THERE = ['nics-to-bridge', 'eth0'];
const BACK = ['bridge-to-nics', 'breth0'];

/** What NetworkManager adds to a NIC: addresses that make no route, and their routes as the kernel's. */
const MANAGED = [
  'addr add 203.0.113.10/24 dev eth0 noprefixroute',
  'route add 203.0.113.0/24 dev eth0 proto kernel scope link src 203.0.113.10 metric 100',
  'addr add 2001:db8::10/64 dev eth0 noprefixroute nodad',
  'route add 2001:db8::/64 dev eth0 proto kernel metric 100',
];
const DEFAULTS = [
  `route add default via ${ROUTER.v4} dev eth0 proto static metric 100`,
  `route add default via ${ROUTER.v6} dev eth0 proto static metric 100`,
];
const LINK_LOCAL = [
  'addr add fe80::10/64 dev eth0 noprefixroute nodad',
  'route add fe80::/64 dev eth0 proto kernel metric 1024',
];

/** Listens on eth0 alone (SO_BINDTODEVICE of socket(7)), and joins a group there (IP_ADD_MEMBERSHIP of ip(7)). */
const BOUND = `
  socket(my $s, PF_INET, SOCK_STREAM, 0); setsockopt($s, SOL_SOCKET, 25, "eth0") or die;
  bind($s, sockaddr_in(8080, INADDR_ANY)); listen($s, 1) or die;
  socket(my $g, PF_INET, SOCK_DGRAM, 0);
  setsockopt($g, 0, 35, inet_aton("224.0.0.251") . inet_aton("203.0.113.10")) or die;
  $| = 1; print "ready"; sleep`;

labTest(
  'addresses with noprefixroute move with the routes that NetworkManager made for them, and come back the same',
  async (t) => {
    const edge = await begin(t);
    const { net } = edge.host;
    for (const [what, lines] of [
      ['without a default route', MANAGED],
      ['with default routes', [...MANAGED, ...DEFAULTS]],
      ['with its own link-local address', [...LINK_LOCAL, ...MANAGED, ...DEFAULTS]],
    ] as const) {
      await cleared(net, lines);
      const before = await inventory(net, 'eth0');
      t.true(before.some((line) => line.includes('"protocol":"kernel"') && line.includes('"metric":100')));
      await runs(t, edge, THERE);
      t.deepEqual(changes(before, await inventory(net, 'breth0')), [], what);
      await edge.router.exec(['ping', '-c1', '-W5', '203.0.113.10']);
      await edge.router.exec(['ping', '-c1', '-W5', '2001:db8::10']);
      await runs(t, edge, BACK);
      t.deepEqual(changes(before, await inventory(net, 'eth0')), [], what);
    }
  },
);

labTest(
  'realms, all metrics and the route of an address that expires move, and come back the same',
  async (t) => {
    const edge = await begin(t);
    const { net } = edge.host;
    await cleared(net, [
      'addr add 203.0.113.10/24 dev eth0',
      'addr add 203.0.113.14/24 dev eth0 label eth0:vip',
      'addr add 2001:db8:5::10/64 dev eth0 nodad valid_lft 900 preferred_lft 900',
      'route add 10.1.0.0/16 via 203.0.113.1 realms 4/5',
      'route add 10.2.0.0/16 nexthop via 203.0.113.1 dev eth0 realms 5 nexthop via 203.0.113.2 dev eth0 weight 3',
      'route add 10.3.0.0/16 via 203.0.113.1 rtt 2500ms rttvar 50 rto_min 20ms window 1000 cwnd 10 initcwnd 11 initrwnd 12',
      'route add 10.4.0.0/16 via 203.0.113.1 ssthresh 33 reordering 4 hoplimit 5 advmss 1000 quickack 1 features ecn congctl reno',
      'route add 10.5.0.0/16 rtt 100 nexthop via 203.0.113.1 dev eth0 nexthop via 203.0.113.2 dev eth0',
      'neigh add 203.0.113.8 lladdr 02:00:00:00:00:08 dev eth0 protocol 5 nud permanent',
    ]);
    const before = await inventory(net, 'eth0');
    await runs(t, edge, THERE);
    t.deepEqual(changes(before, await inventory(net, 'breth0')), []);
    t.notRegex(await net.exec(['ip', '-6', 'route', 'show', 'dev', 'eth0']), /2001:db8/);
    await runs(t, edge, BACK);
    t.deepEqual(changes(before, await inventory(net, 'eth0')), []);
  },
);

labTest('what cannot move whole is refused by name, and nothing is touched', async (t) => {
  const edge = await begin(t);
  const { net } = edge.host;
  const hops = 'nexthop via 203.0.113.1 dev eth0 nexthop via 203.0.113.2 dev eth0';
  for (const [add, remove, why] of [
    [
      `route add 10.1.0.0/16 ${hops} encap ip id 7 dst 203.0.113.9`,
      'route del 10.1.0.0/16',
      'route 10.1.0.0/16 has "encap"',
    ],
    [
      'route add 2001:db8:9::/48 nexthop encap seg6 mode encap segs fc00::1 via 2001:db8::1 dev eth0 nexthop via 2001:db8::2 dev eth0',
      'route del 2001:db8:9::/48',
      'route 2001:db8:9::/48 has "encap"',
    ],
    [
      'route add 10.1.0.0/16 via 203.0.113.1 mtu lock 1300',
      'route del 10.1.0.0/16',
      'route 10.1.0.0/16 has "lock"',
    ],
    [`route add 10.1.0.0/16 mtu lock 1300 ${hops}`, 'route del 10.1.0.0/16', 'route 10.1.0.0/16 has "lock"'],
    [
      'route append default via 203.0.113.2 proto static metric 100',
      'route del default via 203.0.113.2 metric 100',
      'route default is there more than once with the same metric',
    ],
    ['route add 10.1.0.0/16 nhid 5', 'route del 10.1.0.0/16', 'route 10.1.0.0/16 has "nhid"'],
    [
      'addr add 203.0.113.20/24 dev eth0 label eth0:backup-vip',
      'addr del 203.0.113.20/24 dev eth0',
      'address 203.0.113.20/24 has label eth0:backup-vip, which is longer than 15 characters as breth0:backup-vip',
    ],
    [
      'neigh add 203.0.113.7 dev eth0 managed nud none',
      'neigh del 203.0.113.7 dev eth0',
      'neighbour 203.0.113.7 has "managed"',
    ],
  ] as const) {
    if (add.includes('nhid')) await net.ip('nexthop add id 5 via 203.0.113.1 dev eth0');
    await net.ip(add);
    const before = await inventory(net, 'eth0');
    const { exitCode, stderr } = await edge.host.run('ovn-k8s-util', THERE);
    t.is(exitCode, 1, add);
    t.true(stderr.includes(why), `${add}: ${stderr}`);
    t.deepEqual(changes(before, await inventory(net, 'eth0')), [], add);
    t.is(await edge.host.vsctl('list-br'), '', add);
    await net.ip(remove);
  }
});

labTest(
  'devices, sockets, groups and redirections that stay bound to the NIC are named, with the remedy',
  async (t) => {
    const edge = await begin(t);
    const { net } = edge.host;
    await net.ip(
      'link add vx0 type vxlan id 5 dev eth0 dstport 4789 remote 203.0.113.2',
      'link add mv0 link eth0 type macvlan',
    );
    const bound = net.spawn(['perl', '-MSocket', '-e', BOUND]);
    t.teardown(() => bound.stop());
    await bound.says(/ready/);
    const notes = [
      /^note: vx0 \(vxlan\) sends through eth0: it is cut off until it is created again with dev breth0$/m,
      /^note: mv0 is stacked on eth0: its frames bypass breth0 until it is created again on breth0$/m,
      /^note: tcp socket 0\.0\.0\.0%eth0:8080 of perl \(pid \d+\) is bound to eth0 and gets nothing on breth0: restart its program with breth0$/m,
      /^note: a program has joined 224\.0\.0\.251 on eth0: restart it, so that it joins where the address is$/m,
    ];
    for (const args of [[...THERE, '--dry-run'], THERE]) {
      const { stdout } = await runs(t, edge, args);
      for (const note of notes) t.regex(stdout, note, args.join(' '));
    }
  },
);

labTest('several NICs move all, or none of them', async (t) => {
  const edge = await begin(t);
  const { net } = edge.host;
  await cable({ in: net, name: 'eth1' }, { in: edge.router, name: 'lan1' });
  await net.ip('addr add 192.0.2.5/24 dev eth1', 'route add 10.1.0.0/16 via 192.0.2.1 dev eth1');
  // The bridge of eth1 has such a rule already, so its batch fails after eth0 has moved.
  await net.ip('rule add iif eth1 table 77 priority 1000', 'rule add iif breth1 table 77 priority 1000');
  const failed = await edge.host.run('ovn-k8s-util', ['nics-to-bridge', 'eth0', 'eth1']);
  t.is(failed.exitCode, 1);
  t.regex(failed.stderr, /eth1, failed: .*File exists.*everything is as it was/);
  t.is(await edge.host.vsctl('list-br'), '');
});

async function begin(t: ExecutionContext): Promise<Edge> {
  const edge = await startEdge();
  t.teardown(() => edge.lab.dispose());
  return edge;
}

/** Gives eth0 these addresses and routes only. */
async function cleared(net: Namespace, lines: readonly string[]): Promise<void> {
  await net.exec(['ip', '-6', 'route', 'flush', 'table', 'main', 'dev', 'eth0']);
  await net.ip('addr flush dev eth0', ...lines);
}

async function runs(t: ExecutionContext, { host }: Edge, args: readonly string[]) {
  const outcome = await host.run('ovn-k8s-util', args);
  t.is(outcome.exitCode, 0, `${args.join(' ')}: ${outcome.stderr}`);
  return outcome;
}
