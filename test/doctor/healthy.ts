import { demuxFlows } from '../../src/demux/table.js';
import type { Facts, LocalSwitch, SwitchBridge, SwitchInterface } from '../../src/doctor/facts/facts.js';
import { type Known, known } from '../../src/doctor/known.js';
import { parseCidr } from '../../src/net/cidr.js';
import { parseIp } from '../../src/net/ip.js';
import { LOCAL } from '../../src/openflow/ofport.js';
import type { BridgeFacts } from '../../src/switch/bridge_facts.js';
import { GATEWAY, IP4, IP6, MAC, PATCH, PHYS } from '../demux/sample.js';

export const NOW = new Date('2026-11-25T12:00:00Z');

/** The facts of a healthy gateway `gw1`. The only other node is `master`. */
export const HEALTHY: Facts = {
  now: NOW,
  local: known(localSwitch()),
  northbound: known({
    nodes: [
      { name: 'master', addresses: [parseIp('10.244.1.2')] },
      { name: 'gw1', addresses: [parseIp('10.244.2.2')] },
    ],
    gateways: [{ node: 'gw1', isShared: true, outsideMtu: 1500, servesOutside: true }],
    serviceSubnets: [parseCidr('10.96.0.0/16')],
  }),
  southbound: known({
    chassis: [
      { name: 'gw1', hostname: 'gw1', encapIps: [IP4] },
      { name: 'master', hostname: 'master', encapIps: ['203.0.113.9'] },
    ],
    bindings: new Map([
      ['k8s-gw1', 'gw1'],
      ['k8s-master', 'master'],
    ]),
  }),
  kubernetes: known('present' as const),
  services: known([{ service: 'default/kubernetes', clusterIps: [parseIp('10.96.0.1')] }]),
  certificates: { northbound: undefined, southbound: undefined },
  links: known([
    { name: 'eth0', mtu: 1500, isUp: true, addresses: [] },
    { name: 'breth0', mtu: 1500, isUp: true, addresses: [IP4, IP6] },
    { name: 'k8s-gw1', mtu: 1400, isUp: true, addresses: [parseIp('10.244.2.2')] },
  ]),
  routes: known(['10.244.0.0/16', '10.96.0.0/16', '100.64.1.0/24']),
  ports: known({
    ephemeral: { lo: 32_768, hi: 60_999 },
    reserved: [{ lo: 61_000, hi: 65_535 }],
    sockets: [
      {
        protocol: 'tcp',
        port: 22,
        address: '0.0.0.0',
        text: '0.0.0.0:22 of sshd (pid 1)',
        isListening: true,
      },
    ],
  }),
  netfilter: known({
    tables: ['netdev ovn_k8s_eth0', 'inet filter', 'inet ovn-k8s-node'],
    ingressDrops: ['ovn_k8s_eth0'],
    closedChains: [{ name: 'inet filter input', ports: [22, 6081] }],
  }),
  offloads: new Map([['eth0', known({ driver: 'veth', on: new Set(['scatter-gather']) })]]),
  daemons: [
    { program: 'ovs-vswitchd', isNeeded: true, state: 'alive', detail: 'pid 7' },
    { program: 'ovn-k8s-watcher', isNeeded: false, state: 'absent', detail: 'there is no pidfile' },
  ],
  controllerConnection: known('connected'),
  logs: [{ program: 'ovs-vswitchd', path: '/log/ovs/ovs-vswitchd.log', errors: known([]) }],
  flows: [
    {
      bridge: bridgeFacts(),
      physicalInterface: 'eth0',
      localAddresses: ([`${IP4}/24`, `${IP6}/64`] as const)
        .map(parseCidr)
        .map((cidr) => ({ ...cidr, secondary: false })),
      switch: known({
        ours: demuxFlows(GATEWAY).map((flow) => ({ ...flow, packets: 0n, bytes: 0n })),
        others: [
          {
            cookie: 0n,
            key: 'table=0,priority=0',
            text: 'table=0,priority=0 actions=NORMAL',
            packets: 1n,
            bytes: 60n,
          },
        ],
        fragments: 'nx-match' as const,
        noFlood: new Set([PATCH]),
      }),
    },
  ],
  helper: known({
    synced: true,
    demux: 'port-range' as const,
    answersServed: true,
    externalIpCidrs: '203.0.113.64/26',
    problems: [],
  }),
  echoes: known([{ node: 'master', address: parseIp('10.244.1.2'), rttMs: 0.4 }]),
};

/** Something known, changed. */
export function changed<T>(fact: Known<T>, change: Partial<T>): Known<T> {
  if (!fact.isKnown) throw new Error(fact.why);
  return known({ ...fact.value, ...change });
}

/** The local switch with other `external_ids`; `undefined` takes a key away. */
export function withIds(ids: Readonly<Record<string, string | undefined>>): Pick<Facts, 'local'> {
  const local = localSwitch();
  const entries = Object.entries({ ...Object.fromEntries(local.externalIds), ...ids });
  const externalIds = new Map(
    entries.flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const])),
  );
  return { local: known({ ...local, externalIds }) };
}

/** The local switch with one of its bridges changed, or away. */
export function withBridge(name: string, change: Partial<SwitchBridge> | undefined): Pick<Facts, 'local'> {
  const local = localSwitch();
  const bridges = local.bridges.flatMap((bridge) =>
    bridge.name !== name ? [bridge] : change === undefined ? [] : [{ ...bridge, ...change }],
  );
  return { local: known({ ...local, bridges }) };
}

/** The same with one interface of a bridge changed, or away. */
export function withInterface(
  bridge: string,
  name: string,
  change: Partial<SwitchInterface> | undefined,
): Pick<Facts, 'local'> {
  const found = localSwitch().bridges.find((one) => one.name === bridge);
  const interfaces = (found?.interfaces ?? []).flatMap((one) =>
    one.name !== name ? [one] : change === undefined ? [] : [{ ...one, ...change }],
  );
  return withBridge(bridge, { interfaces });
}

function localSwitch(): LocalSwitch {
  return {
    externalIds: new Map([
      ['system-id', 'gw1'],
      ['hostname', 'gw1'],
      ['ovn-encap-type', 'geneve'],
      ['ovn-encap-ip', String(IP4)],
      ['ovn-remote', 'tcp:203.0.113.9:6642'],
      ['ovn-nb', 'tcp:203.0.113.9:6641'],
      ['k8s-cluster-ip-subnet', '10.244.0.0/16'],
      ['k8s-external-ip-cidrs', '203.0.113.64/26'],
    ]),
    datapathTypes: ['netdev', 'system'],
    ifaceTypes: ['geneve', 'internal', 'patch', 'stt', 'system', 'vxlan'],
    isSettled: true,
    bridges: [
      {
        name: 'br-int',
        datapath: 'netdev',
        failMode: 'secure',
        externalIds: new Map(),
        interfaces: [
          iface('br-int', 'internal'),
          { ...iface('k8s-gw1', 'internal'), externalIds: new Map([['iface-id', 'k8s-gw1']]) },
          { ...iface('ovn-master-0', 'geneve'), options: new Map([['remote_ip', '203.0.113.9']]) },
          {
            ...iface('k8s-patch-br-int-breth0', 'patch'),
            options: new Map([['peer', 'k8s-patch-breth0-br-int']]),
            externalIds: new Map([['iface-id', 'breth0_gw1']]),
          },
        ],
      },
      {
        name: 'breth0',
        datapath: 'netdev',
        failMode: undefined,
        externalIds: bridgeFacts().externalIds,
        interfaces: [
          iface('breth0', 'internal'),
          iface('eth0', ''),
          {
            ...iface('k8s-patch-breth0-br-int', 'patch'),
            options: new Map([['peer', 'k8s-patch-br-int-breth0']]),
            trunks: [4095],
          },
        ],
      },
    ],
  };
}

function iface(name: string, type: string): SwitchInterface {
  return { name, type, ofport: 1, error: undefined, options: new Map(), externalIds: new Map(), trunks: [] };
}

function bridgeFacts(): BridgeFacts {
  const port = (name: string, type: string, ofport: typeof PHYS) => ({
    uuid: name,
    name,
    type,
    ofport,
    mac: MAC,
  });
  return {
    uuid: 'b',
    name: 'breth0',
    ports: [
      port('breth0', 'internal', LOCAL),
      port('eth0', '', PHYS),
      port('k8s-patch-breth0-br-int', 'patch', PATCH),
    ],
    externalIds: new Map([
      ['k8s-node-name', 'gw1'],
      ['k8s-physical-ip', `${IP4}/24,${IP6}/64`],
      ['k8s-snat-port-range', '61000-65535'],
    ]),
  };
}

/** A fact with its value changed, if it is known. */
export function mapped<T, U>(fact: Known<T>, change: (value: T) => U): Known<U> {
  return fact.isKnown ? known(change(fact.value)) : fact;
}
