import { execa } from 'execa';
import type { PacketClass } from '../src/demux/classes.js';
import type { NamedRole } from '../src/demux/port_role.js';
import { linkLocalOf } from '../src/net/mac.js';
import { MIX_GATEWAY } from './traffic_mix.js';

const FIELDS = [
  'eth.dst',
  'eth.src',
  'vlan.id',
  'frame.protocols',
  'arp.opcode',
  'arp.src.hw_mac',
  'arp.src.proto_ipv4',
  'arp.dst.proto_ipv4',
  'ip.src',
  'ip.dst',
  'ip.frag_offset',
  'ipv6.src',
  'ipv6.dst',
  'ipv6.fraghdr.offset',
  'tcp.dstport',
  'udp.dstport',
  'sctp.dstport',
  'icmp.type',
  'icmpv6.type',
  'icmpv6.nd.ns.target_address',
  'icmpv6.nd.na.target_address',
] as const;

/** A packet as tshark dissects it: the first, outermost value of each field, or an empty string. */
export type TsharkRow = Readonly<Record<(typeof FIELDS)[number], string>>;

/** Runs tshark on a capture, and calls `take` with each packet and its index from 0. */
export async function tshark(path: string, take: (row: TsharkRow, index: number) => void): Promise<void> {
  const whole = [
    'ip.defragment:FALSE',
    'ipv6.defragment:FALSE',
    'tcp.desegment_tcp_streams:FALSE',
    'udp.check_checksum:FALSE',
  ];
  const running = execa(
    'tshark',
    [
      ...['-n', '-r', path, '-T', 'fields', '-E', 'occurrence=f', '-E', 'separator=/t'],
      ...whole.flatMap((preference) => ['-o', preference]),
      ...FIELDS.flatMap((field) => ['-e', field]),
    ],
    { buffer: false, stderr: 'ignore' },
  );
  let index = 0;
  for await (const line of running.iterable()) {
    const values = line.split('\t');
    take(Object.fromEntries(FIELDS.map((field, i) => [field, values[i] ?? ''])) as TsharkRow, index);
    index += 1;
  }
  await running;
}

const { mac } = MIX_GATEWAY;
const OURS = new Set<string>(MIX_GATEWAY.addresses);
const SERVED = new Set<string>(MIX_GATEWAY.served);
const NODE_PORTS = new Set([...MIX_GATEWAY.nodePorts].map(({ protocol, port }) => `${protocol} ${port}`));
const ERRORS_AND_REPLIES = new Set([
  'icmp 0',
  'icmp 3',
  'icmp 4',
  'icmp 5',
  'icmp 11',
  'icmp 12',
  'icmpv6 1',
  'icmpv6 2',
  'icmpv6 3',
  'icmpv6 4',
  'icmpv6 129',
]);

/** Returns the class of a packet of the mix by the table of docs/demux.md, from tshark's fields. */
export function classByTshark(row: TsharkRow, side: NamedRole): PacketClass {
  const packet = read(row);
  if (row['vlan.id'] !== '') return side === 'patch' ? 'pod-drop' : 'other';
  if (side === 'local') return packet.isTunnel && OURS.has(packet.src) ? 'tunnel' : 'host-out';
  return side === 'patch' ? fromPatch(row, packet) : fromPhys(row, packet);
}

function fromPhys(
  row: TsharkRow,
  { transport, port, dst, isLater, isTunnel, ports, icmp }: Read,
): PacketClass {
  const toMac = row['eth.dst'] === mac;
  const toGroup = Number.parseInt(row['eth.dst'].slice(0, 2), 16) % 2 === 1;
  const toUs = toMac && OURS.has(dst);
  if (toUs && isTunnel) return 'tunnel';
  const asked = row['arp.opcode'] === '1' ? row['arp.dst.proto_ipv4'] : row['icmpv6.nd.ns.target_address'];
  if (OURS.has(asked) || SERVED.has(asked)) return 'neighbour-request';
  const isReply = row['arp.opcode'] === '2' || icmp === 'icmpv6 136';
  const isAnnouncement = row['arp.opcode'] === '1' && row['arp.src.proto_ipv4'] === row['arp.dst.proto_ipv4'];
  if ((isReply && (toMac || toGroup)) || (isAnnouncement && toGroup)) return 'neighbour-reply';
  if (toUs && (icmp === 'icmp 8' || icmp === 'icmpv6 128')) return 'echo-request';
  if (toUs && isLater) return 'fragment';
  if (toUs && NODE_PORTS.has(`${transport} ${port}`)) return 'node-port';
  if (toMac && SERVED.has(dst)) return 'external';
  if (toUs && ERRORS_AND_REPLIES.has(icmp)) return 'icmp';
  if (toUs && ports && port >= 61_000) return 'pod-return';
  if (toMac) return 'management';
  return toGroup ? 'broadcast' : 'other';
}

function fromPatch(row: TsharkRow, { src, icmp }: Read): PacketClass {
  if (row['eth.src'] !== mac) return 'pod-drop';
  const known = (address: string) => OURS.has(address) || SERVED.has(address);
  if (row['arp.opcode'] !== '') {
    const claims = OURS.has(row['arp.src.proto_ipv4']) && OURS.has(row['arp.dst.proto_ipv4']);
    return known(row['arp.src.proto_ipv4']) && row['arp.src.hw_mac'] === mac && !claims
      ? 'pod-out'
      : 'pod-drop';
  }
  const isOfRouter = src === linkLocalOf(mac) && (icmp === 'icmpv6 135' || icmp === 'icmpv6 136');
  return known(src) || isOfRouter ? 'pod-out' : 'pod-drop';
}

interface Read {
  /** `tcp`, `udp`, `sctp`, `icmp` or `icmpv6`. For an ICMP error, the error itself and not the packet in it. */
  readonly transport: string;
  readonly ports: boolean;
  readonly port: number;
  readonly icmp: string;
  readonly src: string;
  readonly dst: string;
  readonly isLater: boolean;
  readonly isTunnel: boolean;
}

function read(row: TsharkRow): Read {
  const transport =
    row['frame.protocols'].split(':').find((name) => /^(tcp|udp|sctp|icmp|icmpv6)$/.test(name)) ?? '';
  const ports = transport === 'tcp' || transport === 'udp' || transport === 'sctp';
  const port = ports ? Number(row[`${transport}.dstport`]) : 0;
  const type = transport === 'icmp' ? row['icmp.type'] : transport === 'icmpv6' ? row['icmpv6.type'] : '';
  return {
    transport,
    ports,
    port,
    icmp: `${transport} ${type}`,
    src: row['ip.src'] || row['ipv6.src'],
    dst: row['ip.dst'] || row['ipv6.dst'],
    isLater: Number(row['ip.frag_offset'] || row['ipv6.fraghdr.offset']) > 0,
    isTunnel: (transport === 'udp' && port === 6081) || (transport === 'tcp' && port === 7471),
  };
}
