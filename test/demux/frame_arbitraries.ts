import fc from 'fast-check';
import type { Demux, GatewayState, NodePort, RestrictedPort } from '../../src/demux/state.js';
import { parseCidr } from '../../src/net/cidr.js';
import { type IpAddress, ipBytes, parseIp } from '../../src/net/ip.js';
import { linkLocalOf, macBytes, parseMac } from '../../src/net/mac.js';
import { CONNTRACK, GATEWAY, IP4, IP6, MAC, PATCH, PHYS, PORT_RANGE } from './sample.js';

const EXTERNAL4 = parseIp('198.51.100.7');
const EXTERNAL6 = parseIp('2001:db8:1::7');
const FURTHER4 = parseIp('203.0.113.99');
const FURTHER6 = parseIp('2001:db8::99');
const SOURCES = ['203.0.113.0/24', '198.51.100.7/32', '2001:db8::/64', '0.0.0.0/0'].map(parseCidr);
const ROUTER_MAC = parseMac('02:00:00:00:00:01');
const MACS = [MAC, ROUTER_MAC, 'ff:ff:ff:ff:ff:ff', '33:33:ff:00:00:10'].map(parseMac);
const ADDRESSES4 = [IP4, EXTERNAL4, FURTHER4, '203.0.113.1', '169.254.0.9', '224.0.0.18', '0.0.0.0'].map(
  parseIp,
);
const ADDRESSES6 = [
  IP6,
  EXTERNAL6,
  FURTHER6,
  '2001:db8::1',
  linkLocalOf(MAC),
  'fe80::9',
  'ff02::1',
  '::',
].map(parseIp);
const PORTS = [22, 80, 6081, 7471, 30_080, 30_081, 60_999, 61_000, 65_535];
const [TCP, UDP, SCTP, ICMP, ICMP6, VRRP] = [6, 17, 132, 1, 58, 112];
const EXTENSIONS = [0, 43, 51, 60];
const FRAGMENT_HEADER = 44;

/** Picks a member of `pool`, the first one half of the time. */
const first = <T>(...pool: readonly T[]) =>
  fc.oneof(fc.constantFrom(...pool.slice(0, 1)), fc.constantFrom(...pool));
const octet = fc.nat({ max: 255 });
const mac = first(...MACS).map((one) => Buffer.from(macBytes(one)));
const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((octets) => Buffer.from(octets));
const addressOf = (pool: readonly IpAddress[]) => first(...pool).map((ip) => Buffer.from(ipBytes(ip)));
const address4 = addressOf(ADDRESSES4);
const address6 = addressOf(ADDRESSES6);
/** Picks the first in 12 of 13 cases. */
const mostly = <T>(often: fc.Arbitrary<T>, seldom: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 12, arbitrary: often }, { weight: 1, arbitrary: seldom });
const rarely = fc.oneof(
  { weight: 12, arbitrary: fc.constant(false) },
  { weight: 1, arbitrary: fc.constant(true) },
);
const words = (...values: readonly number[]) =>
  Buffer.from(values.flatMap((value) => [value >> 8, value & 0xff]));

const arp = fc
  .tuple(fc.constantFrom(1, 1, 2, 2, 3, 0x101), mac, address4, mac, address4, rarely)
  .map(([op, sha, spa, tha, tpa, isOdd]) =>
    Buffer.concat([words(1, 0x0800, isOdd ? 0x0804 : 0x0604, op), sha, spa, tha, tpa]),
  );

/** Ports, and the data offset of TCP, which is mostly right. */
const ported = fc
  .tuple(
    fc.constantFrom(...PORTS),
    fc.constantFrom(...PORTS),
    mostly(fc.constant(20), fc.nat({ max: 20 })),
    mostly(fc.constant(0x50), fc.constantFrom(0, 0x40, 0x60)),
  )
  .map(([src, dst, length, dataOffset]) => {
    const header = Buffer.concat([words(src, dst), Buffer.alloc(16)]);
    header[12] = dataOffset;
    return header.subarray(0, length);
  });

const icmp = (quoted: fc.Arbitrary<Buffer>) =>
  fc
    .tuple(first(8, 0, 3, 4, 5, 11, 12, 13), fc.constantFrom(0, 1), quoted)
    .map(([type, code, rest]) => Buffer.concat([Buffer.from([type, code, 0, 0, 0, 0, 0, 0]), rest]));

const icmp6 = (quoted: fc.Arbitrary<Buffer>) =>
  fc
    .tuple(first(128, 1, 2, 3, 4, 129, 133, 134), fc.constantFrom(0, 1), quoted)
    .map(([type, code, rest]) => Buffer.concat([Buffer.from([type, code, 0, 0, 0, 0, 0, 0]), rest]));

/** Source (1) and target (2) link-layer address, and another option (RFC 4861 section 4.6). */
const ndOption = fc
  .tuple(fc.constantFrom(1, 2, 14), mostly(fc.constant(1), fc.constantFrom(0, 2, 200)), mac)
  .map(([type, length, address]) =>
    Buffer.concat([Buffer.from([type, length]), address, Buffer.alloc(length === 2 ? 8 : 0)]),
  );

const discovery = fc
  .tuple(
    fc.constantFrom(135, 136),
    mostly(fc.constant(0), fc.constant(1)),
    address6,
    fc.array(ndOption, { maxLength: 3 }),
    bytes(7),
  )
  .map(([type, code, target, options, rest]) =>
    Buffer.concat([Buffer.from([type, code, 0, 0, 0, 0, 0, 0]), target, ...options, rest]),
  );

/** The payload of an IP packet, with its protocol. */
function payload(icmpOf: typeof icmp, quoted: fc.Arbitrary<Buffer>) {
  const of = (proto: number, body: fc.Arbitrary<Buffer>) => body.map((one) => [proto, one] as const);
  return fc.oneof(
    of(TCP, ported),
    of(UDP, ported),
    of(SCTP, ported),
    of(ICMP, icmpOf(quoted)),
    of(ICMP6, icmp6(quoted)),
    of(ICMP6, discovery),
    of(VRRP, bytes(24)),
    fc.tuple(octet, bytes(24)),
  );
}

const fragment4 = fc.oneof(fc.constantFrom(0, 0, 0x4000), fc.constantFrom(0x2000, 0x2001, 0x00b9));

function ipv4(quoted: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> {
  return fc
    .tuple(
      address4,
      address4,
      payload(icmp, quoted),
      fragment4,
      fc.constantFrom(0, 0, 0, 1, 10),
      mostly(fc.constant(0), fc.constantFrom(-30, -1, 1, 500)),
      rarely,
    )
    .map(([src, dst, [proto, body], fragment, options, lie, hasBadHeader]) => {
      const header = 20 + 4 * options;
      const head = Buffer.alloc(header);
      head[0] = 0x40 | (hasBadHeader ? 3 : header / 4);
      head.writeUInt16BE(Math.max(0, header + body.length + lie), 2);
      head.writeUInt16BE(fragment, 6);
      head[9] = proto;
      src.copy(head, 12);
      dst.copy(head, 16);
      return Buffer.concat([head, body]);
    });
}

/** An extension header and its kind. Its first octet is left for the kind of the next header. */
const extension: fc.Arbitrary<readonly [number, Buffer]> = fc.oneof(
  fc.tuple(
    fc.constantFrom(...EXTENSIONS),
    mostly(fc.constantFrom(0, 1), fc.constant(255)).map((length) =>
      Buffer.concat([Buffer.from([0, length]), Buffer.alloc(6 + (length === 255 ? 0 : 8 * length))]),
    ),
  ),
  fc.tuple(
    fc.constant(FRAGMENT_HEADER),
    fc.constantFrom(0, 1, 0x05c9, 0x05c8).map((field) => Buffer.concat([words(0, field), Buffer.alloc(4)])),
  ),
);

function ipv6(quoted: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> {
  return fc
    .tuple(
      address6,
      address6,
      payload((body) => icmp(body), quoted),
      mostly<readonly (readonly [number, Buffer])[]>(fc.constant([]), fc.array(extension, { maxLength: 3 })),
      mostly(fc.constant(0), fc.constantFrom(-30, -1, 1, 500)),
    )
    .map(([src, dst, [proto, body], extensions, lie]) => {
      const kinds = [...extensions.map(([kind]) => kind), proto];
      const headers = extensions.map(([, bytesOf], i) =>
        Buffer.concat([Buffer.from([kinds[i + 1] ?? 0]), bytesOf.subarray(1)]),
      );
      const rest = Buffer.concat([...headers, body]);
      const head = Buffer.alloc(8);
      head[0] = 0x60;
      head.writeUInt16BE(Math.max(0, rest.length + lie), 4);
      head[6] = kinds[0] ?? 0;
      return Buffer.concat([head, src, dst, rest]);
    });
}

const someBytes = bytes(64);
const packet = fc.oneof(
  { weight: 2, arbitrary: arp.map((body) => [0x0806, body] as const) },
  { weight: 4, arbitrary: ipv4(fc.oneof(someBytes, ipv4(someBytes))).map((body) => [0x0800, body] as const) },
  { weight: 4, arbitrary: ipv6(fc.oneof(someBytes, ipv6(someBytes))).map((body) => [0x86dd, body] as const) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constantFrom(0x0806, 0x0800, 0x86dd, 0x88cc, 0x8847, 60, 0x8100), someBytes),
  },
);

const tags = fc.oneof(
  { weight: 12, arbitrary: fc.constant(Buffer.alloc(0)) },
  { weight: 1, arbitrary: fc.constantFrom(0, 100, 0xe000, 0x6000).map((tci) => words(0x8100, tci)) },
  { weight: 1, arbitrary: fc.constantFrom(words(0x88a8, 7, 0x8100, 100), words(0x8100, 0, 0x8100, 100)) },
);

/** Frames near what the flows ask about: of every class, with tags, fragments, options, and mistakes. */
export const frames: fc.Arbitrary<Buffer> = fc
  .tuple(
    mac,
    mac,
    tags,
    packet,
    mostly(fc.constant(0), fc.nat({ max: 40 })),
    mostly(fc.constant(0), fc.nat({ max: 90 })),
    rarely,
  )
  .map(([dst, src, tag, [type, body], padding, missing, isSnap]) => {
    const start = isSnap
      ? Buffer.concat([words(60), Buffer.from([0xaa, 0xaa, 3, 0, 0, 0])])
      : Buffer.alloc(0);
    const whole = Buffer.concat([dst, src, tag, start, words(type), body, Buffer.alloc(padding)]);
    return whole.subarray(0, Math.max(0, whole.length - missing));
  });

const some = <T>(...values: readonly T[]) => fc.subarray([...values]);

const unrestricted = fc.record({
  bridge: fc.constant(GATEWAY.bridge),
  mac: fc.constant(MAC),
  phys: mostly(fc.constant<GatewayState['phys']>(PHYS), fc.constant(undefined)),
  patch: mostly(fc.constant<GatewayState['patch']>(PATCH), fc.constant(undefined)),
  otherPorts: fc.boolean(),
  addresses: mostly(fc.constant<IpAddress[]>([IP4, IP6]), some<IpAddress>(IP4, IP6)),
  answersServed: fc.boolean(),
  served: some(EXTERNAL4, EXTERNAL6, IP4, IP6, parseIp('169.254.0.9'), parseIp('fe80::9')),
  restricted: fc.constant([]),
  nodePorts: some<NodePort>(
    { protocol: 'tcp', port: 30_080 },
    { protocol: 'udp', port: 30_081, sources: SOURCES.slice(0, 3) },
    { protocol: 'sctp', port: 30_080, sources: SOURCES.slice(3) },
    { protocol: 'tcp', port: 61_000 },
    { protocol: 'tcp', port: 80, at: [FURTHER4] },
    { protocol: 'udp', port: 80, at: [IP4, FURTHER6], sources: SOURCES },
    { protocol: 'udp', port: 22, at: [IP6], sources: [] },
  ),
  demux: fc.constantFrom<Demux>(PORT_RANGE, CONNTRACK),
});

const restrictedPorts = some<RestrictedPort>(
  { address: EXTERNAL4, protocol: 'tcp', port: 80, sources: SOURCES },
  { address: EXTERNAL6, protocol: 'udp', port: 80, sources: [] },
  { address: EXTERNAL6, protocol: 'sctp', port: 22, sources: SOURCES },
);

/** Gateways of every kind: with and without ports, addresses and services, in both modes. */
export const gateways: fc.Arbitrary<GatewayState> = fc
  .tuple(unrestricted, restrictedPorts)
  .map(([state, restricted]) => ({
    ...state,
    restricted: restricted.filter(({ address }) => state.served.includes(address)),
  }));
