import test from 'ava';
import { examine } from '../../src/doctor/examine.js';
import type { Facts, FlowFacts } from '../../src/doctor/facts/facts.js';
import { type Known, known, unknown } from '../../src/doctor/known.js';
import { parseIp } from '../../src/net/ip.js';
import { changed, HEALTHY, NOW, withBridge, withIds, withInterface } from './healthy.js';

test('of a host on which all is well every check says so, and nothing else', (t) => {
  const examined = examine(HEALTHY);
  t.deepEqual(
    examined.map(({ check }) => check),
    [
      ...[
        'daemons',
        'databases',
        'identity',
        'chassis',
        'encapsulation',
        'bridges',
        'mtu',
        'offloads',
        'ports',
      ],
      ...['flows', 'nodes', 'logs'],
    ],
  );
  t.deepEqual(
    examined.flatMap(({ findings }) => findings.filter(({ level }) => level !== 'ok')),
    [],
  );
});

/** What is wrong, which check must say it, how badly, and in what words. */
type Case = readonly [title: string, Partial<Facts>, check: string, 'warn' | 'fail', RegExp];

const { southbound, northbound, links, ports, netfilter, helper } = HEALTHY;
const [flowsOf] = HEALTHY.flows;
const daemon = (state: 'absent' | 'dead' | 'mute') => ({
  daemons: [{ program: 'ovn-controller', isNeeded: true, state, detail: 'no pid 7' }],
});
const chassis = (name: string, hostname: string, ip: string) => ({
  southbound: changed(southbound, {
    chassis: [
      { name: 'gw1', hostname: 'gw1', encaps: [{ type: 'geneve', ip: '203.0.113.10' }] },
      { name: 'master', hostname: 'master', encaps: [{ type: 'geneve', ip: '203.0.113.9' }] },
    ]
      .filter((one) => one.name !== name)
      .concat([{ name, hostname, encaps: [{ type: 'geneve', ip }] }]),
  }),
});
const link = (name: string, change: { mtu?: number; isUp?: boolean; addresses?: [] } | undefined) => ({
  links: mapped(links, (all) =>
    all.flatMap((one) => (one.name !== name ? [one] : change === undefined ? [] : [{ ...one, ...change }])),
  ),
});
const socket = (isListening: boolean) => ({
  protocol: 'tcp',
  port: 62_000,
  text: '0.0.0.0:62000 of nc (pid 9)',
  isListening,
});
const onSwitch = (change: Partial<Extract<FlowFacts['switch'], { isKnown: true }>['value']>) => ({
  flows: flowsOf === undefined ? [] : [{ ...flowsOf, switch: changed(flowsOf.switch, change) }],
});
const ours = flowsOf?.switch.isKnown ? flowsOf.switch.value.ours : [];
const logOf = (errors: Facts['logs'][number]['errors']) => ({
  logs: [{ program: 'ovn-controller', path: '/log/ovn-controller.log', errors }],
});
const offload = (driver: string, ...on: readonly string[]) => ({
  offloads: new Map([['eth0', known({ driver, on: new Set(on) })]]),
});

const CASES: readonly Case[] = [
  ['a daemon is not there', daemon('absent'), 'daemons', 'fail', /ovn-controller does not run/],
  ['a daemon died and left its pidfile', daemon('dead'), 'daemons', 'fail', /ovn-controller has died/],
  ['a daemon hangs', daemon('mute'), 'daemons', 'fail', /ovn-controller does not answer/],

  ['no local database', { local: unknown('no db.sock') }, 'databases', 'fail', /no db\.sock/],
  ['no northbound', { northbound: unknown('nb: refused') }, 'databases', 'fail', /nb: refused/],
  ['no southbound', { southbound: unknown('sb: refused') }, 'databases', 'fail', /sb: refused/],
  ['no API server', { kubernetes: unknown('GET /: no answer') }, 'databases', 'fail', /GET/],

  ['no system-id', withIds({ 'system-id': undefined }), 'identity', 'fail', /system-id is not set/],
  [
    'a clone has the chassis',
    chassis('gw1', 'gw1', '203.0.113.66'),
    'identity',
    'fail',
    /another host has system-id gw1/,
  ],
  [
    'a clone is the chassis',
    chassis('gw1', 'clone', '203.0.113.10'),
    'identity',
    'fail',
    /is of host clone, not gw1/,
  ],
  [
    'a chassis is left over',
    chassis('old', 'old', '203.0.113.10'),
    'identity',
    'fail',
    /Chassis old .* tunnel address/,
  ],
  [
    'two hosts have one name',
    chassis('old', 'gw1', '203.0.113.8'),
    'identity',
    'warn',
    /Chassis old .* name gw1 too/,
  ],
  [
    'another host is this node too',
    { southbound: changed(southbound, { bindings: new Map([['k8s-gw1', 'master']]) }) },
    'identity',
    'fail',
    /k8s-gw1 is on chassis master/,
  ],
  ['a host that is no node', { local: noNode() }, 'identity', 'warn', /this host is no node of the cluster/],
  [
    'Kubernetes has no such node',
    { kubernetes: known('absent' as const) },
    'identity',
    'fail',
    /no Node gw1/,
  ],

  [
    'no chassis',
    { southbound: changed(southbound, { chassis: [] }) },
    'chassis',
    'fail',
    /has no Chassis gw1/,
  ],
  [
    'ovn-controller waits',
    { controllerConnection: known('not connected') },
    'chassis',
    'fail',
    /is not connected/,
  ],
  [
    'no ovn-controller',
    { controllerConnection: unknown('no pidfile') },
    'chassis',
    'warn',
    /not checked: no pidfile/,
  ],

  [
    'no encapsulation',
    withIds({ 'ovn-encap-type': undefined }),
    'encapsulation',
    'fail',
    /ovn-encap-type is not set/,
  ],
  ['an unknown tunnel', withIds({ 'ovn-encap-type': 'gre' }), 'encapsulation', 'fail', /=gre is no tunnel/],
  [
    'a tunnel that the switch lacks',
    { local: changed(HEALTHY.local, { ifaceTypes: ['patch'] }) },
    'encapsulation',
    'fail',
    /no tunnels of type geneve/,
  ],
  [
    'no kernel datapath',
    {
      local: changed(
        mapped(withBridge('br-int', { datapath: 'system' }).local, (one) => one),
        { datapathTypes: ['netdev'] },
      ),
    },
    'encapsulation',
    'fail',
    /kernel has no datapath/,
  ],
  [
    'no tunnel address',
    withIds({ 'ovn-encap-ip': undefined }),
    'encapsulation',
    'fail',
    /ovn-encap-ip is not set/,
  ],
  [
    'a foreign address',
    withIds({ 'ovn-encap-ip': '192.0.2.1' }),
    'encapsulation',
    'fail',
    /is no address of this host/,
  ],
  ['its interface is down', link('breth0', { isUp: false }), 'encapsulation', 'fail', /breth0, .* is down/],
  [
    'an address that is on no bridge',
    withIds({ 'ovn-encap-ip': '10.244.2.2' }),
    'encapsulation',
    'fail',
    /only through a bridge that has the address/,
  ],
  [
    'a tunnel is missing',
    withInterface('br-int', 'ovn-master-0', undefined),
    'encapsulation',
    'fail',
    /no tunnel to master/,
  ],
  [
    'a firewall that knows nothing of tunnels',
    { netfilter: changed(netfilter, { closedChains: [{ name: 'inet filter input', ports: [22] }] }) },
    'encapsulation',
    'warn',
    /no rule names port 6081/,
  ],

  ['no br-int', withBridge('br-int', undefined), 'bridges', 'fail', /there is no bridge br-int/],
  [
    'br-int floods',
    withBridge('br-int', { failMode: undefined }),
    'bridges',
    'fail',
    /br-int has fail_mode unset/,
  ],
  [
    'breth0 would cut off',
    withBridge('breth0', { failMode: 'secure' }),
    'bridges',
    'fail',
    /breth0 has fail_mode secure/,
  ],
  [
    'a port that cannot be made',
    withInterface('breth0', 'eth0', { error: 'no such device' }),
    'bridges',
    'fail',
    /eth0 of breth0: no such device/,
  ],
  [
    'a NIC that is not open',
    withInterface('breth0', 'eth0', { ofport: undefined }),
    'bridges',
    'fail',
    /NIC eth0 of breth0 is not open/,
  ],
  ['no NIC', withInterface('breth0', 'eth0', undefined), 'bridges', 'fail', /breth0 has no NIC/],
  [
    'a switch that lags',
    { local: changed(HEALTHY.local, { isSettled: false }) },
    'bridges',
    'fail',
    /has not done/,
  ],
  [
    'half a patch',
    withInterface('breth0', 'k8s-patch-breth0-br-int', undefined),
    'bridges',
    'fail',
    /breth0 has no patch port/,
  ],
  [
    'a patch to elsewhere',
    withInterface('breth0', 'k8s-patch-breth0-br-int', { options: new Map([['peer', 'x']]) }),
    'bridges',
    'fail',
    /leads to x, not k8s-patch-br-int-breth0/,
  ],
  [
    'a patch that OVN does not know',
    withInterface('br-int', 'k8s-patch-br-int-breth0', { externalIds: new Map() }),
    'bridges',
    'fail',
    /is nothing to OVN, not breth0_gw1/,
  ],
  [
    'no guard',
    { netfilter: changed(netfilter, { ingressDrops: [] }) },
    'bridges',
    'warn',
    /keeps the kernel from answering/,
  ],
  [
    'a gateway without its bridge',
    withBridge('breth0', { externalIds: new Map() }),
    'bridges',
    'fail',
    /GR_gw1 on a bridge/,
  ],

  [
    'tunnels do not fit',
    link('breth0', { mtu: 1450 }),
    'mtu',
    'fail',
    /breth0 has MTU 1450, .* in geneve is 1458/,
  ],
  ['a long management port', link('k8s-gw1', { mtu: 1500 }), 'mtu', 'fail', /k8s-gw1 has MTU 1500/],
  ['a short NIC', link('eth0', { mtu: 1460 }), 'mtu', 'fail', /breth0 has MTU 1500, its NIC eth0 1460/],
  [
    'a gateway router that promises too much',
    {
      northbound: changed(northbound, {
        gateways: [{ node: 'gw1', isShared: true, chassis: 'gw1', outsideMtu: 9000 }],
      }),
    },
    'mtu',
    'fail',
    /MTU 9000, and eth0 has 1500/,
  ],

  [
    'checksums left out',
    offload('veth', 'tx-checksumming'),
    'offloads',
    'fail',
    /leaves checksums to hardware/,
  ],
  [
    'merging by the NIC',
    offload('ixgbe', 'large-receive-offload'),
    'offloads',
    'warn',
    /large-receive-offload/,
  ],
  [
    'merging by the kernel',
    offload('ixgbe', 'generic-receive-offload'),
    'offloads',
    'warn',
    /generic-receive-offload/,
  ],

  [
    'no range',
    withBridge('breth0', {
      externalIds: new Map([
        ['k8s-node-name', 'gw1'],
        ['k8s-snat-port-range', 'none'],
      ]),
    }),
    'ports',
    'warn',
    /which then dies/,
  ],
  [
    'a range of nonsense',
    withBridge('breth0', {
      externalIds: new Map([
        ['k8s-node-name', 'gw1'],
        ['k8s-snat-port-range', '9-1'],
      ]),
    }),
    'ports',
    'fail',
    /"9-1" is not a port range/,
  ],
  [
    'ephemeral ports in it',
    { ports: changed(ports, { ephemeral: { lo: 32_768, hi: 61_000 } }) },
    'ports',
    'fail',
    /overlaps .*ip_local_port_range/,
  ],
  [
    'a listener in it',
    { ports: changed(ports, { sockets: [socket(true)] }) },
    'ports',
    'fail',
    /of nc \(pid 9\) listens there/,
  ],
  [
    'a connection in it',
    { ports: changed(ports, { sockets: [socket(false)] }) },
    'ports',
    'fail',
    /is connected there/,
  ],
  [
    'ports not reserved',
    { ports: changed(ports, { reserved: [{ lo: 61_000, hi: 64_999 }] }) },
    'ports',
    'fail',
    /is not in net\.ipv4\.ip_local_reserved/,
  ],

  [
    'no helper',
    { helper: unknown('it is not running') },
    'flows',
    'fail',
    /nobody keeps the flows of breth0: it is not/,
  ],
  [
    'a helper that is behind',
    { helper: changed(helper, { synced: false }) },
    'flows',
    'fail',
    /not in place, says the helper/,
  ],
  [
    'a helper that complains',
    { helper: changed(helper, { problems: ['no API'] }) },
    'flows',
    'warn',
    /the helper: no API/,
  ],
  ['no flows', onSwitch({ ours: [] }), 'flows', 'fail', /breth0 has no flows of the gateway/],
  ['a flow is gone', onSwitch({ ours: ours.slice(1) }), 'flows', 'fail', /1 missing or altered, 0 too many/],
  ['fragments', onSwitch({ fragments: 'normal' }), 'flows', 'fail', /treats fragments as "normal"/],
  ['floods to OVN', onSwitch({ noFlood: new Set() }), 'flows', 'fail', /floods to k8s-patch-breth0-br-int/],
  [
    'a stranger',
    onSwitch({
      others: [
        {
          cookie: 7n,
          key: 'table=0,priority=999,tcp',
          text: 'table=0,priority=999,tcp actions=drop',
          packets: 0n,
          bytes: 0n,
        },
      ],
    }),
    'flows',
    'warn',
    /1 flows that are not the helper's.*priority=999,tcp actions=drop/,
  ],
  [
    'no switch',
    flowsOf === undefined ? {} : { flows: [{ ...flowsOf, switch: unknown('no mgmt') }] },
    'flows',
    'warn',
    /not checked: no mgmt/,
  ],

  ['no management port', link('k8s-gw1', undefined), 'nodes', 'fail', /there is no interface k8s-gw1/],
  ['a management port that is down', link('k8s-gw1', { isUp: false }), 'nodes', 'fail', /k8s-gw1 is down/],
  [
    'a management port without address',
    link('k8s-gw1', { addresses: [] }),
    'nodes',
    'fail',
    /does not have 10\.244\.2\.2/,
  ],
  [
    'no switch in OVN',
    { northbound: changed(northbound, { nodes: [] }) },
    'nodes',
    'fail',
    /OVN has no switch gw1/,
  ],
  [
    'a node that does not answer',
    { echoes: known([{ node: 'master', address: parseIp('10.244.1.2'), rttMs: undefined }]) },
    'nodes',
    'fail',
    /node master, 10\.244\.1\.2, does not answer/,
  ],

  [
    'an error in a log',
    logOf(known([{ at: new Date(NOW.getTime() - 60_000), text: 'ofctrl: OpenFlow error' }])),
    'logs',
    'warn',
    /ovn-controller at 2026-11-25T11:59:00\.000Z: ofctrl: OpenFlow error/,
  ],
  [
    'a log that cannot be read',
    logOf(unknown('permission denied')),
    'logs',
    'warn',
    /not checked: permission denied/,
  ],
];

for (const [title, change, check, level, words] of CASES) {
  test(`${check} ${level === 'fail' ? 'fails' : 'warns'}, with a remedy: ${title}`, (t) => {
    const examined = examine({ ...HEALTHY, ...change });
    const findings = examined.find((one) => one.check === check)?.findings ?? [];
    const found = findings.find((one) => one.level === level && words.test(one.what));
    t.truthy(found, JSON.stringify(findings, undefined, 1));
    t.true(found !== undefined && found.level !== 'ok' && found.remedy.length > 10);
  });
}

test('an error of the day before yesterday is no news', (t) => {
  const old = [{ at: new Date(NOW.getTime() - 48 * 3_600_000), text: 'x: y' }];
  const logs = examine({ ...HEALTHY, ...logOf(known(old)) }).find(({ check }) => check === 'logs');
  t.deepEqual(
    logs?.findings.map(({ level }) => level),
    ['ok'],
  );
});

test('a node that is no gateway is judged by what a node needs', (t) => {
  const node: Facts = {
    ...HEALTHY,
    ...withBridge('breth0', undefined),
    flows: [],
    helper: unknown('none'),
    ...{
      northbound: changed(northbound, { gateways: [] }),
    },
  };
  const interfaces = node.local.isKnown
    ? node.local.value.bridges.flatMap((bridge) => bridge.interfaces.filter(({ type }) => type !== 'patch'))
    : [];
  const local = mapped(node.local, (one) => ({
    ...one,
    bridges: one.bridges.map((bridge) => ({ ...bridge, datapath: 'system', interfaces })),
  }));
  const bad = examine({ ...node, local }).flatMap(({ findings }) =>
    findings.filter(({ level }) => level !== 'ok'),
  );
  t.deepEqual(bad, []);
});

/** A switch that no `-init` has been run on. */
function noNode(): Facts['local'] {
  return mapped(HEALTHY.local, (local) => ({
    ...local,
    bridges: local.bridges.map((bridge) => ({ ...bridge, interfaces: [], externalIds: new Map() })),
  }));
}

function mapped<T, U>(fact: Known<T>, change: (value: T) => U): Known<U> {
  return fact.isKnown ? known(change(fact.value)) : fact;
}
