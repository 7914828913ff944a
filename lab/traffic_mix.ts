import { CLASSES, type PacketClass } from '../src/demux/classes.js';
import type { NamedRole } from '../src/demux/port_role.js';
import type { GatewayState } from '../src/demux/state.js';
import { type IpAddress, parseIp } from '../src/net/ip.js';
import { linkLocalOf, type MacAddress, parseMac } from '../src/net/mac.js';
import { GATEWAY, IP4, IP6, MAC } from '../test/demux/sample.js';
import { arp, ethernet, type Ip, icmp, type Link, laterFragment, nd, transport } from './frames.js';
import { Random } from './random.js';

const EXTERNAL = { 4: parseIp('198.51.100.7'), 6: parseIp('2001:db8:1::7') } as const;
const US = { 4: IP4, 6: IP6 } as const;
const OUTSIDE = { 4: parseIp('203.0.113.1'), 6: parseIp('2001:db8::1') } as const;
const POD = { 4: parseIp('10.244.1.9'), 6: parseIp('fd00:10:244::9') } as const;
const ROUTER_MAC = parseMac('02:00:00:00:00:01');
const OTHER_MAC = parseMac('02:00:00:00:00:77');
const BROADCAST = parseMac('ff:ff:ff:ff:ff:ff');
const ALL_NODES_MAC = parseMac('33:33:00:00:00:01');
const ALL_NODES = parseIp('ff02::1');

/** The gateway that receives the mix. It has services. */
export const MIX_GATEWAY: GatewayState = {
  ...GATEWAY,
  served: [EXTERNAL[4], EXTERNAL[6]],
  nodePorts: [
    { protocol: 'tcp', port: 30_080 },
    { protocol: 'udp', port: 30_053 },
    { protocol: 'sctp', port: 30_038 },
  ],
};

/** A frame of the mix, with the port where it enters and the class that it was made for. */
export interface MixFrame {
  readonly side: NamedRole;
  readonly class: PacketClass;
  readonly frame: Buffer;
}

type Make = (random: Random, payload: Buffer) => Buffer;
type Kind = readonly [name: PacketClass, side: NamedRole, make: Make];

/** Frame sizes of the simple IMIX, 7 : 4 : 1, in bytes. */
const SIZES = [64, 64, 64, 64, 64, 64, 64, 594, 594, 594, 594, 1500] as const;
const MAX_HEADERS = 80;

const link = (dst: MacAddress, src: MacAddress): Link => ({ dst, src });
const toUs = link(MAC, ROUTER_MAC);
const fromUs = link(ROUTER_MAC, MAC);
const toAll = { 4: link(BROADCAST, ROUTER_MAC), 6: link(ALL_NODES_MAC, ROUTER_MAC) } as const;
const anyPort = (random: Random) => 1024 + random.below(32_000);

function segment(
  at: Link,
  ip: Ip,
  protocol: 'tcp' | 'udp' | 'sctp',
  dst: number | ((random: Random) => number),
): Make {
  return (random, payload) =>
    transport(
      at,
      ip,
      protocol,
      { src: anyPort(random), dst: typeof dst === 'number' ? dst : dst(random) },
      payload,
    );
}

function kindsOf(f: 4 | 6): Kind[] {
  const inbound = { src: OUTSIDE[f], dst: US[f] };
  const outbound = { src: US[f], dst: OUTSIDE[f] };
  const toExternal = { src: OUTSIDE[f], dst: EXTERNAL[f] };
  const ofPod = (random: Random) => 61_000 + random.below(4_536);
  const quoting = (ip: Ip): Make => {
    const about = transport(fromUs, ip, 'tcp', { src: 61_001, dst: 443 }, Buffer.alloc(8)).subarray(
      14,
      14 + 48,
    );
    return (_random, payload) =>
      icmp(toUs, inbound, f === 4 ? 3 : 1, Buffer.concat([Buffer.alloc(4), about, payload]));
  };
  const echo =
    (type: number): Make =>
    (_random, payload) =>
      icmp(toUs, inbound, type, Buffer.concat([Buffer.alloc(4), payload]));
  const longer = f === 4 ? withOptions : withHopByHop;
  return [
    ['tunnel', 'phys', segment(toUs, inbound, 'udp', 6081)],
    ['tunnel', 'phys', segment(toUs, inbound, 'tcp', 7471)],
    ['tunnel', 'local', segment(fromUs, outbound, 'udp', 6081)],
    ['echo-request', 'phys', echo(f === 4 ? 8 : 128)],
    ['fragment', 'phys', (_random, payload) => laterFragment(toUs, inbound, payload)],
    ['node-port', 'phys', segment(toUs, inbound, 'tcp', 30_080)],
    ['node-port', 'phys', segment(toUs, inbound, 'udp', 30_053)],
    ['node-port', 'phys', segment(toUs, inbound, 'sctp', 30_038)],
    ['external', 'phys', segment(toUs, toExternal, 'tcp', anyPort)],
    ['icmp', 'phys', quoting(outbound)],
    ['icmp', 'phys', echo(f === 4 ? 0 : 129)],
    ['pod-return', 'phys', segment(toUs, inbound, 'tcp', ofPod)],
    ['pod-return', 'phys', segment(toUs, inbound, 'udp', ofPod)],
    [
      'pod-return',
      'phys',
      (random, payload) => longer(segment(toUs, inbound, 'tcp', ofPod)(random, payload)),
    ],
    ['management', 'phys', segment(toUs, inbound, 'tcp', 22)],
    ['management', 'phys', segment(toUs, inbound, 'tcp', anyPort)],
    ['management', 'phys', (random, payload) => longer(segment(toUs, inbound, 'udp', 53)(random, payload))],
    [
      'broadcast',
      'phys',
      segment(
        toAll[f],
        { src: OUTSIDE[f], dst: f === 4 ? parseIp('203.0.113.255') : ALL_NODES },
        'udp',
        anyPort,
      ),
    ],
    ['pod-out', 'patch', segment(fromUs, outbound, 'tcp', anyPort)],
    ['pod-out', 'patch', segment(fromUs, { src: EXTERNAL[f], dst: OUTSIDE[f] }, 'tcp', anyPort)],
    ['pod-drop', 'patch', segment(fromUs, { src: POD[f], dst: OUTSIDE[f] }, 'tcp', anyPort)],
    ['host-out', 'local', segment(fromUs, outbound, 'tcp', anyPort)],
    ['other', 'phys', segment(link(OTHER_MAC, ROUTER_MAC), inbound, 'tcp', ofPod)],
    ['other', 'phys', segment({ ...toUs, vlan: 100 }, inbound, 'tcp', ofPod)],
  ];
}

const NEIGHBOURS: readonly Kind[] = [
  ['neighbour-request', 'phys', asks(IP4)],
  ['neighbour-request', 'phys', solicits(IP6)],
  ['neighbour-request', 'phys', asks(EXTERNAL[4])],
  ['broadcast', 'phys', asks(parseIp('203.0.113.77'))],
  ['neighbour-reply', 'phys', asks(OUTSIDE[4])],
  ['neighbour-reply', 'phys', (_r, payload) => arp(toUs, 2, ROUTER_MAC, OUTSIDE[4], IP4, payload)],
  [
    'neighbour-reply',
    'phys',
    (_r, payload) => nd(toUs, { src: OUTSIDE[6], dst: IP6 }, 136, OUTSIDE[6], payload.subarray(0, 200)),
  ],
  ['pod-out', 'patch', (_r, payload) => arp(link(BROADCAST, MAC), 1, MAC, IP4, OUTSIDE[4], payload)],
  [
    'pod-out',
    'patch',
    (_r, payload) =>
      nd(
        link(ALL_NODES_MAC, MAC),
        { src: linkLocalOf(MAC), dst: ALL_NODES },
        135,
        OUTSIDE[6],
        payload.subarray(0, 200),
      ),
  ],
  ['pod-drop', 'patch', (_r, payload) => arp(link(BROADCAST, MAC), 1, MAC, IP4, IP4, payload)],
  ['broadcast', 'phys', (_r, payload) => ethernet(toAll[4], 0x88cc, payload)],
];

function asks(target: IpAddress): Make {
  return (_random, payload) => arp(toAll[4], 1, ROUTER_MAC, OUTSIDE[4], target, payload);
}

function solicits(target: IpAddress): Make {
  return (_random, payload) =>
    nd(toAll[6], { src: OUTSIDE[6], dst: ALL_NODES }, 135, target, payload.subarray(0, 200));
}

const KINDS: readonly Kind[] = [...kindsOf(4), ...kindsOf(6), ...NEIGHBOURS];

/** Returns `count` frames of all classes in random order. The same `seed` gives the same frames. */
export function trafficMix(count: number, seed = 1): MixFrame[] {
  const random = new Random(seed);
  return Array.from({ length: count }, (_, i) => {
    const [name, side, make] = KINDS[i < KINDS.length ? i : random.below(KINDS.length)] ?? [
      'other',
      'phys',
      asks(IP4),
    ];
    const size = SIZES[random.below(SIZES.length)] ?? 64;
    const payload = Buffer.alloc(Math.max(8, size - MAX_HEADERS + random.below(16)), 0xa5);
    return { side, class: name, frame: make(random, payload) };
  });
}

/** Returns the classes without a frame in the mix. */
export function missingClasses(mix: readonly MixFrame[]): PacketClass[] {
  const there = new Set(mix.map((one) => one.class));
  return CLASSES.filter((name) => !there.has(name));
}

/** Lengthens the IPv4 header to 24 bytes with four no-operations (RFC 791 section 3.1). */
function withOptions(frame: Buffer): Buffer {
  const longer = Buffer.concat([frame.subarray(0, 34), Buffer.alloc(4, 1), frame.subarray(34)]);
  longer[14] = 0x46;
  longer.writeUInt16BE(frame.readUInt16BE(16) + 4, 16);
  return longer;
}

/** Adds a hop-by-hop header that holds padding (RFC 8200 section 4.3). */
function withHopByHop(frame: Buffer): Buffer {
  const header = Buffer.from([frame[20] ?? 0, 0, 1, 4, 0, 0, 0, 0]);
  const longer = Buffer.concat([frame.subarray(0, 54), header, frame.subarray(54)]);
  longer[20] = 0;
  longer.writeUInt16BE(frame.readUInt16BE(18) + 8, 18);
  return longer;
}
