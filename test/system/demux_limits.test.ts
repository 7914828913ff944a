import test, { type ExecutionContext } from 'ava';
import { arp, icmp, laterFragment, nd, transport } from '../../lab/frames.js';
import {
  BROADCAST,
  IP,
  MAC,
  OTHER_MAC,
  OUTSIDE,
  type Place,
  ROUTER_MAC,
  SIDE_MAC,
  Wire,
} from '../../lab/wire.js';
import { type IpAddress, parseIp } from '../../src/net/ip.js';
import { parseMac } from '../../src/net/mac.js';

/** Where one class ends and the next begins, which of two wins, and what must not be taken though it looks like it. */
type Row = readonly [title: string, from: Place, to: readonly Place[], frame: (marker: Buffer) => Buffer];

const FAMILIES = [4, 6] as const;
const RANGE = { lo: 61_000, hi: 65_535 };
const NEIGHBOUR: Readonly<Record<4 | 6, IpAddress>> = {
  4: parseIp('203.0.113.77'),
  6: parseIp('2001:db8::77'),
};
const ALL_NODES = parseIp('ff02::1');
const ALL_NODES_MAC = parseMac('33:33:00:00:00:01');
const toUs = { dst: MAC, src: ROUTER_MAC };
const rest = (marker: Buffer) => Buffer.concat([Buffer.alloc(4), marker]);

const segment =
  (
    link: typeof toUs,
    ip: { src: IpAddress; dst: IpAddress },
    protocol: 'tcp' | 'udp' | 'sctp',
    dst: number,
  ) =>
  (m: Buffer) =>
    transport(link, ip, protocol, { src: 443, dst }, m);

/** The ends of the port range; nobody has sent anything before. */
function rangeRows(f: 4 | 6, toRange: Place): Row[] {
  const inbound = { src: OUTSIDE[f], dst: IP[f] };
  return (['tcp', 'udp', 'sctp'] as const).flatMap((protocol): Row[] => [
    [
      `${protocol} to the port below the range`,
      'phys',
      ['local'],
      segment(toUs, inbound, protocol, RANGE.lo - 1),
    ],
    [
      `${protocol} to the first port of the range`,
      'phys',
      [toRange],
      segment(toUs, inbound, protocol, RANGE.lo),
    ],
    [`${protocol} to a port within`, 'phys', [toRange], segment(toUs, inbound, protocol, 63_333)],
    [
      `${protocol} to the last port of the range`,
      'phys',
      [toRange],
      segment(toUs, inbound, protocol, RANGE.hi),
    ],
  ]);
}

/** Frames of other classes that have a port of the range, or of classes with another address, MAC or tag. */
function limitRows(f: 4 | 6): Row[] {
  const inbound = { src: OUTSIDE[f], dst: IP[f] };
  const elsewhere = { src: OUTSIDE[f], dst: NEIGHBOUR[f] };
  const request = f === 4 ? 8 : 128;
  const ask = (link: typeof toUs, target: IpAddress) => (m: Buffer) =>
    f === 4
      ? arp(link, 1, ROUTER_MAC, OUTSIDE[4], target, m)
      : nd(link, { src: OUTSIDE[6], dst: target }, 135, target, m);
  const answer = (link: typeof toUs) => (m: Buffer) =>
    f === 4
      ? arp(link, 2, ROUTER_MAC, OUTSIDE[4], NEIGHBOUR[4], m)
      : nd(link, { src: OUTSIDE[6], dst: NEIGHBOUR[6] }, 136, OUTSIDE[6], m);
  return [
    ['a tunnel to another address of the host', 'phys', ['local'], segment(toUs, elsewhere, 'udp', 6081)],
    ['a port of the range, another address', 'phys', ['local'], segment(toUs, elsewhere, 'tcp', 63_333)],
    ['an echo request to another address', 'phys', ['local'], (m) => icmp(toUs, elsewhere, request, rest(m))],
    ['a later fragment to another address', 'phys', ['local'], (m) => laterFragment(toUs, elsewhere, m)],
    [
      'a port of the range, another MAC',
      'phys',
      ['local'],
      segment({ dst: OTHER_MAC, src: ROUTER_MAC }, inbound, 'udp', 63_333),
    ],
    [
      'a later fragment, another MAC',
      'phys',
      ['local'],
      (m) => laterFragment({ dst: OTHER_MAC, src: ROUTER_MAC }, inbound, m),
    ],
    ...[0, 5].map(
      (vlan): Row => [
        `a port of the range, tag ${vlan}`,
        'phys',
        ['local'],
        segment({ ...toUs, vlan } as typeof toUs, inbound, 'udp', 63_333),
      ],
    ),
    ['a neighbour request to MAC', 'phys', ['local'], ask(toUs, IP[f])],
    ['a neighbour reply for another MAC', 'phys', ['local'], answer({ dst: OTHER_MAC, src: ROUTER_MAC })],
    [
      'pod-drop: an echo request that is tagged',
      'patch',
      [],
      (m) =>
        icmp(
          { dst: ROUTER_MAC, src: MAC, vlan: 5 } as typeof toUs,
          { src: IP[f], dst: OUTSIDE[f] },
          request,
          rest(m),
        ),
    ],
    [
      'pod-drop: an answer for IP that a pod has made',
      'patch',
      [],
      answer({ dst: ROUTER_MAC, src: OTHER_MAC }),
    ],
  ];
}

async function check(
  t: ExecutionContext,
  wire: Wire,
  rows: readonly Row[],
  places: readonly Place[],
  f: 4 | 6,
) {
  for (const [title, from, to, frame] of rows) {
    const expected = Object.fromEntries(places.map((place) => [place, to.includes(place) ? 1 : 0]));
    t.deepEqual(await wire.send(from, frame), expected, `${title}, IPv${f}`);
  }
}

for (const mode of ['port-range', 'conntrack'] as const) {
  test(`${mode}: a class ends where it ends, and the earlier of two wins`, async (t) => {
    const wire = await Wire.start();
    t.teardown(() => wire.dispose());
    await wire.startHelper(`--demux=${mode}`);
    for (const f of FAMILIES) {
      // With connection tracking a port says nothing: what no pod has asked for is the host's.
      const rows = [...rangeRows(f, mode === 'port-range' ? 'patch' : 'local'), ...limitRows(f)];
      await check(t, wire, rows, ['phys', 'local', 'patch'], f);
    }
  });
}

test('another port of the bridge is served as if the helper were not there, and OVN gets nothing of it', async (t) => {
  const wire = await Wire.start({ hasSide: true });
  t.teardown(() => wire.dispose());
  await wire.startHelper();
  const toAll = { dst: BROADCAST, src: ROUTER_MAC };
  for (const f of FAMILIES) {
    const [fromSide, fromHost] = [
      { dst: MAC, src: SIDE_MAC },
      { dst: SIDE_MAC, src: MAC },
    ];
    const host = { src: IP[f], dst: NEIGHBOUR[f] };
    const side = { src: NEIGHBOUR[f], dst: IP[f] };
    const announce = (m: Buffer) =>
      f === 4
        ? arp(toAll, 1, ROUTER_MAC, OUTSIDE[4], OUTSIDE[4], m)
        : nd(
            { dst: ALL_NODES_MAC, src: ROUTER_MAC },
            { src: OUTSIDE[6], dst: ALL_NODES },
            136,
            OUTSIDE[6],
            m,
          );
    const rows: Row[] = [
      ['broadcast', 'phys', ['local', 'side'], segment(toAll, { src: OUTSIDE[f], dst: IP[f] }, 'udp', 68)],
      ['an announcement', 'phys', ['local', 'patch', 'side'], announce],
      [
        'a broadcast of the host',
        'local',
        ['phys', 'side'],
        segment({ dst: BROADCAST, src: MAC }, host, 'udp', 67),
      ],
      [
        'a broadcast of its own',
        'side',
        ['phys', 'local'],
        segment({ dst: BROADCAST, src: SIDE_MAC }, side, 'udp', 67),
      ],
      ['what the host sends it', 'local', ['side'], segment(fromHost, host, 'tcp', 22)],
      [
        'what it sends the host, a port of the range',
        'side',
        ['local'],
        segment(fromSide, side, 'tcp', 63_333),
      ],
      [
        'what comes in for it, a port of the range',
        'phys',
        ['side'],
        segment({ dst: SIDE_MAC, src: ROUTER_MAC }, { src: OUTSIDE[f], dst: NEIGHBOUR[f] }, 'tcp', 63_333),
      ],
      ['what it sends out', 'side', ['phys'], segment({ dst: ROUTER_MAC, src: SIDE_MAC }, side, 'tcp', 80)],
    ];
    await check(t, wire, rows, ['phys', 'local', 'patch', 'side'], f);
  }
});
