import test from 'ava';
import type { Cluster } from '../../lab/cluster.js';
import { labTest } from '../../lab/lab_test.js';
import { startLoneNode } from '../../lab/lone_node.js';
import { gatewayInit, initCluster, northboundRows, overlay } from '../../lab/overlay.js';
import { startWebServer } from '../../lab/web.js';

let cluster: Cluster;
test.before(async () => {
  if (process.getuid?.() !== 0) return;
  cluster = await startLoneNode();
  await initCluster(cluster);
  // A gateway and a node elsewhere, which options can collide with.
  await cluster.nbctl(
    ...['ls-add', 'far', '--', 'set', 'Logical_Switch', 'far', 'other_config:subnet=10.244.9.0/24'],
    ...['--', 'lr-add', 'GR_far', '--', 'set', 'Logical_Router', 'GR_far', 'options:chassis=far'],
    ...['external_ids:physical_ip=203.0.113.99', 'external_ids:k8s-rampout-ip-subnets=10.244.8.0/24'],
    ...['--', 'lrp-add', 'GR_far', 'rtoj-GR_far', '0a:58:64:40:01:02', '100.64.1.2/24', 'fd98:64::2/64'],
  );
});
test.after.always(() => cluster?.dispose());

const CLUSTER = '--cluster-ip-subnet=10.244.0.0/16';
const GATEWAY = [
  'gateway-init',
  CLUSTER,
  '--node-name=node',
  '--bridge-interface=breth0',
  '--physical-ip=203.0.113.10/24',
] as const;
const MINION = ['minion-init', CLUSTER, '--node-name=node'] as const;

/** The arguments, the exit code, and the one line of output: the option or row, and a remedy. */
const REFUSED: readonly (readonly [readonly string[], 1 | 2, RegExp])[] = [
  [['gateway-init', CLUSTER, '--node-name=node'], 2, /--physical-ip.* not specified/],
  [['minion-init', CLUSTER, '--node-name=node'], 2, /--minion-switch-subnet.* not specified/],
  [['frobnicate'], 2, /unknown command 'frobnicate'/],
  [
    [...GATEWAY, '--physical-interface=eth1'],
    2,
    /give exactly one of --bridge-interface.*--physical-interface/,
  ],
  [GATEWAY.filter((option) => !option.startsWith('--bridge')), 2, /give exactly one of/],
  [
    [...GATEWAY, '--physical-ip=203.0.113.10'],
    2,
    /--physical-ip=.*has no mask; give it as 203\.0\.113\.10\/24/,
  ],
  [[...GATEWAY, '--physical-ip=203.0.113.010/24'], 2, /is not an IPv4 or IPv6 address/],
  [[...GATEWAY, '--physical-ip=10.244.3.3/24'], 2, /10\.244\.3\.3 is inside 10\.244\.0\.0\/16/],
  [[...GATEWAY, '--physical-ip=2001:db8::5/64'], 2, /no address of the family of --cluster-ip-subnet/],
  [[...GATEWAY, '--default-gw=2001:db8::1'], 2, /--default-gw=.*no address of the family of 2001:db8::1/],
  [[...GATEWAY, '--default-gw=203.0.113.10'], 2, /--default-gw=.*name the router/],
  [[...GATEWAY, '--snat-port-range=5-4'], 2, /--snat-port-range=5-4: .*give LO-HI/],
  [[...GATEWAY, '--snat-port-range=40000-65535'], 1, /overlaps net\.ipv4\.ip_local_port_range 32768-60999/],
  [[...GATEWAY, '--rampout-ip-subnets=192.0.2.0/24'], 2, /not inside --cluster-ip-subnet/],
  [
    [...GATEWAY, '--rampout-ip-subnets=10.244.9.0/25'],
    1,
    /longer than 10\.244\.9\.0\/24 of Logical_Switch far/,
  ],
  [
    [...GATEWAY, '--rampout-ip-subnets=10.244.8.0/24'],
    1,
    /leaves by GR_far already; run gateway-init on far/,
  ],
  [[...GATEWAY, '--physical-ip=203.0.113.99/24'], 1, /is the address of GR_far/],
  [
    [...GATEWAY, '--physical-ip=203.0.113.1/24'],
    1,
    /--physical-ip=203\.0\.113\.1: ([0-9a-f]{2}:){5}[0-9a-f]{2} on the network of breth0 has it already; .*--force/,
  ],
  [
    [...GATEWAY, '--physical-ip=203.0.113.10/24,2001:db8::1/64'],
    1,
    /--physical-ip=2001:db8::1: \S+ on the network of breth0 has it already/,
  ],
  [
    [...GATEWAY, '--default-gw=203.0.113.77', '--timeout=1'],
    1,
    /--default-gw=203\.0\.113\.77: no answer on breth0 within 1000 ms; .*--force/,
  ],
  [
    [...GATEWAY, '--bridge-interface=breth9'],
    1,
    /--bridge-interface=breth9: there is no such bridge; .*nics-to-bridge/,
  ],
  [
    [...MINION, '--minion-switch-subnet=10.244.9.0/26'],
    1,
    /overlaps 10\.244\.9\.0\/24 of Logical_Switch far/,
  ],
  [
    [...MINION, '--minion-switch-subnet=10.245.1.0/24'],
    2,
    /is not inside --cluster-ip-subnet=10\.244\.0\.0\/16/,
  ],
  [[...MINION, '--minion-switch-subnet=10.244.5.7/24'], 2, /has host bits; give 10\.244\.5\.0\/24/],
  [[...MINION, '--minion-switch-subnet=10.244.5.0/30'], 2, /has no room for pods/],
  [[...MINION, '--minion-switch-subnet=10.244.5.0/24', '--node-name=a b'], 2, /--node-name=a b/],
  [
    ['master-init', CLUSTER, '--node-name=other', '--master-switch-subnet=10.244.5.0/24'],
    1,
    /has cluster router node already; run master-init with --node-name=node/,
  ],
  [
    [
      'master-init',
      '--cluster-ip-subnet=100.64.0.0/10',
      '--node-name=node',
      '--master-switch-subnet=100.65.0.0/24',
    ],
    2,
    /--cluster-ip-subnet=.*overlaps 100\.64\.1\.0\/24/,
  ],
  ...[
    '203.0.113.0/24',
    '203.0.113.255/24',
    '127.0.0.1/8',
    '224.0.0.1/24',
    '0.0.0.0/0',
    'fe80::1/64,203.0.113.10/24',
  ].map(
    (address) =>
      [
        [...GATEWAY, `--physical-ip=${address}`],
        2,
        /--physical-ip=.* is not the address of one host; give/,
      ] as const,
  ),
  ...['203.0.113.0', '203.0.113.255', '224.0.0.1', '127.0.0.1'].map(
    (address) =>
      [
        [...GATEWAY, `--default-gw=${address}`],
        2,
        /--default-gw=.* is not the address of one host; name/,
      ] as const,
  ),
  [
    [...GATEWAY, '--snat-port-range=none', '--reserve-host-ports'],
    2,
    /--reserve-host-ports: reserves nothing/,
  ],
  [[...GATEWAY, '--bridge-interface=br-int'], 1, /--bridge-interface=br-int: is OVN's own bridge; name/],
  [[...GATEWAY, '--sysctl-dir=/proc/x'], 1, /cannot write \/proc\/x\/\S+; give another --sysctl-dir/],
  [[...GATEWAY, '--sysctl-dir=/etc/hostname'], 1, /cannot write .*; give another --sysctl-dir/],
  [
    [...MINION, '--minion-switch-subnet=10.244.5.0/24', '--cni-bin-dir=/proc/x'],
    1,
    /cannot write \/proc\/x; give another --cni-bin-dir/,
  ],
  [
    [...MINION, '--minion-switch-subnet=10.244.5.0/24', '--cni-bin-dir=/tmp', '--cni-conf-dir=/etc/hostname'],
    1,
    /cannot write \/etc\/hostname; give another --cni-conf-dir/,
  ],
  [[], 2, /^ovn-k8s-overlay: give a command/],
  [[...GATEWAY, '--timeout=zero'], 2, /--timeout=zero: give a number of seconds/],
  [
    [...GATEWAY, '--db=unix:/nonexistent.sock', '--timeout=0.5'],
    1,
    /Open_vSwitch database at unix:\/nonexistent/,
  ],
  [['master-deinit', '--node-name=node'], 1, /still serves .*GR_far/],
];

for (const [args, code, line] of REFUSED) {
  labTest(`ovn-k8s-overlay ${args.join(' ')}: one line, exit code ${code}, nothing changed`, async (t) => {
    const before = await everything();
    const { exitCode, stderr } = await overlay(cluster.master, ...args);
    t.is(exitCode, code, stderr);
    t.regex(stderr, line);
    t.notRegex(stderr.trim(), /\n/);
    t.is(await everything(), before);
  });
}

labTest('a port range that contains a listener of the host is refused, naming the listener', async (t) => {
  const { host } = cluster.master;
  const listener = await startWebServer(host.net, 61234);
  const { exitCode, stderr } = await overlay(cluster.master, ...GATEWAY);
  t.is(exitCode, 1);
  // The name of a process of Node.js 24 is MainThread.
  t.regex(
    stderr,
    /--snat-port-range=61000-65535: tcp \S*:61234 of (node|MainThread) \(pid \d+\) listens there; stop it/,
  );
  await listener.stop();
});

labTest(
  "a dedicated NIC that is missing, enslaved, or carries the host's default route is refused",
  async (t) => {
    const { host } = cluster.master;
    await host.net.ip(
      'link add name bond0 type bridge',
      'link add name eth1 type veth peer name eth2',
      'link set eth1 master bond0',
      'link set eth1 up',
      'link set eth2 up',
      'addr add 192.0.2.2/24 dev eth2',
      'route add default via 192.0.2.1 dev eth2',
    );
    const nic = (name: string) =>
      overlay(
        cluster.master,
        ...GATEWAY.filter((option) => !option.startsWith('--bridge')),
        `--physical-interface=${name}`,
      );
    t.regex((await nic('eth7')).stderr, /--physical-interface=eth7: there is no such interface/);
    t.regex((await nic('eth1')).stderr, /--physical-interface=eth1: is enslaved to bond0/);
    t.regex(
      (await nic('eth0')).stderr,
      /--physical-interface=eth0: is on bridge breth0; use --bridge-interface=breth0/,
    );
    t.regex((await nic('eth2')).stderr, /--physical-interface=eth2: carries a default route of the host/);
  },
);

labTest(
  'a northbound that does not answer, is malformed or not configured is refused, naming it',
  async (t) => {
    const { host } = cluster.master;
    await host.vsctl('set', 'Open_vSwitch', '.', 'external_ids:ovn-nb=tcp:127.0.0.1:9');
    const { exitCode, stderr } = await overlay(
      cluster.master,
      ...gatewayInit(cluster.master, '--timeout=0.5'),
    );
    t.is(exitCode, 1);
    t.regex(stderr, /OVN_Northbound database at tcp:127\.0\.0\.1:9/);
    await host.vsctl('set', 'Open_vSwitch', '.', 'external_ids:ovn-nb=central');
    t.regex(
      (await overlay(cluster.master, ...gatewayInit(cluster.master))).stderr,
      /external_ids:ovn-nb of the local switch: "central" is not a database: give unix:PATH/,
    );
    await host.vsctl('remove', 'Open_vSwitch', '.', 'external_ids', 'ovn-nb');
    t.regex(
      (await overlay(cluster.master, ...gatewayInit(cluster.master))).stderr,
      /external_ids:ovn-nb is not set; run ovs-vsctl set/,
    );
  },
);

/** Returns everything that a command could have changed, as text. */
async function everything(): Promise<string> {
  const { host } = cluster.master;
  const parts = await Promise.all([
    northboundRows(cluster),
    host.exec(['ovsdb-client', 'dump', host.db, 'Open_vSwitch', 'Bridge', 'name', 'ports', 'external_ids']),
    host.exec(['ovsdb-client', 'dump', host.db, 'Open_vSwitch', 'Interface', 'name', 'external_ids']),
    host.exec(['sysctl', 'net.ipv4.ip_local_reserved_ports', 'net.ipv4.ip_local_port_range']),
    host.exec(['ls', '-R', '/etc/sysctl.d']),
    host.exec(['ip', '-o', 'addr', 'show', 'scope', 'global']),
  ]);
  return parts.join('\n');
}
