import type { ExecutionContext } from 'ava';
import { arp, icmp, laterFragment, nd, other, transport } from '../../lab/frames.js';
import { labTest } from '../../lab/lab_test.js';
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
import { linkLocalOf, type MacAddress, parseMac } from '../../src/net/mac.js';

/** A frame at the limit of a class: the port it comes in by, and every port that it must come out of. */
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

/** Returns frames to ports at both ends of the range. No pod has a connection. */
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

/** Returns frames that differ from those of a class in one thing only: the address, the MAC or the tag. */
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
  const toRouter = { dst: ROUTER_MAC, src: MAC };
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
    [
      'a port of the range, VLAN 5',
      'phys',
      ['local'],
      segment({ ...toUs, vlan: 5 } as typeof toUs, inbound, 'udp', 63_333),
    ],
    ['a neighbour request to MAC instead of a group', 'phys', ['local'], ask(toUs, IP[f])],
    ['a neighbour reply for another MAC', 'phys', ['local'], answer({ dst: OTHER_MAC, src: ROUTER_MAC })],
    [
      'pod-drop: a tagged echo request',
      'patch',
      [],
      (m) => icmp({ ...toRouter, vlan: 5 } as typeof toUs, { src: IP[f], dst: OUTSIDE[f] }, request, rest(m)),
    ],
    ...(f === 4 ? podArpRows(toRouter) : podNdRows(toRouter)),
  ];
}

/** Returns the ARP reply that the gateway router may send, and replies that a pod has forged in one field. */
function podArpRows(link: typeof toUs): Row[] {
  const reply = (from: typeof toUs, sha: MacAddress, spa: IpAddress) => (m: Buffer) =>
    arp(from, 2, sha, spa, OUTSIDE[4], m);
  return [
    ['pod-out: an ARP reply for IP', 'patch', ['phys'], reply(link, MAC, IP[4])],
    ['pod-drop: the same with another sender MAC', 'patch', [], reply(link, OTHER_MAC, IP[4])],
    ['pod-drop: the same for another address', 'patch', [], reply(link, MAC, NEIGHBOUR[4])],
    ['pod-drop: the same from another MAC', 'patch', [], reply({ ...link, src: OTHER_MAC }, MAC, IP[4])],
  ];
}

/** Returns the neighbour advertisement that the gateway router may send, and some that a pod has forged in one field. */
function podNdRows(link: typeof toUs): Row[] {
  const advertise = (from: typeof toUs, src: IpAddress) => (m: Buffer) =>
    nd(from, { src, dst: OUTSIDE[6] }, 136, IP[6], m);
  return [
    ['pod-out: an advertisement from IP', 'patch', ['phys'], advertise(link, IP[6])],
    ['pod-out: the same from the link-local address', 'patch', ['phys'], advertise(link, linkLocalOf(MAC))],
    ['pod-drop: the same from another address', 'patch', [], advertise(link, NEIGHBOUR[6])],
    ['pod-drop: the same from fe80:: of another MAC', 'patch', [], advertise(link, linkLocalOf(OTHER_MAC))],
    ['pod-drop: the same from another MAC', 'patch', [], advertise({ ...link, src: OTHER_MAC }, IP[6])],
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
  labTest(
    `${mode}: a frame that differs in one field from those of a class is not of that class`,
    async (t) => {
      const wire = await Wire.start();
      t.teardown(() => wire.dispose());
      await wire.startHelper(`--demux=${mode}`);
      for (const f of FAMILIES) {
        // In conntrack mode the port does not matter: a packet of no known connection belongs to the host.
        const rows = [...rangeRows(f, mode === 'port-range' ? 'patch' : 'local'), ...limitRows(f)];
        await check(t, wire, rows, ['phys', 'local', 'patch'], f);
      }
    },
  );
}

labTest(
  'port-range: packets with ports pass the datapath once and make no conntrack entry; GRE of a pod makes one',
  async (t) => {
    const wire = await Wire.start();
    t.teardown(() => wire.dispose());
    await wire.startHelper('--demux=port-range');
    const toRouter = { dst: ROUTER_MAC, src: MAC };
    for (const f of FAMILIES) {
      const [inbound, outbound] = [
        { src: OUTSIDE[f], dst: IP[f] },
        { src: IP[f], dst: OUTSIDE[f] },
      ];
      const request = f === 4 ? 8 : 128;
      for (const protocol of ['tcp', 'udp', 'sctp'] as const) {
        await wire.send('phys', segment(toUs, inbound, protocol, 22));
        await wire.send('phys', segment(toUs, inbound, protocol, RANGE.lo));
        await wire.send('local', segment(toRouter, outbound, protocol, 443));
        await wire.send('patch', segment(toRouter, outbound, protocol, 443));
      }
      await wire.send('phys', (m) => icmp(toUs, inbound, request, rest(m)));
      await wire.send('local', (m) => icmp(toRouter, outbound, request, rest(m)));
      await wire.send('patch', (m) => icmp(toRouter, outbound, request, rest(m)));
    }
    t.notRegex(await wire.host.appctl('dpctl/dump-flows'), /recirc\(|ct\(/);
    t.is((await wire.host.appctl('dpctl/dump-conntrack')).trim(), '');
    const gre = (m: Buffer) => other(toRouter, { src: IP[4], dst: OUTSIDE[4] }, 47, m);
    t.deepEqual(await wire.send('patch', gre), { phys: 1, local: 0, patch: 0 });
    const back = (m: Buffer) => other(toUs, { src: OUTSIDE[4], dst: IP[4] }, 47, m);
    t.deepEqual(await wire.send('phys', back), { phys: 0, local: 0, patch: 1 });
    t.is((await wire.host.appctl('dpctl/dump-conntrack')).trim().split('\n').length, 1);
    // The host's own tunnel to the same far end.
    t.deepEqual(await wire.send('local', gre), { phys: 1, local: 0, patch: 0 });
    t.deepEqual(await wire.send('phys', back), { phys: 0, local: 1, patch: 0 });
  },
);

labTest(
  'the switch serves another port of the bridge as if there were no helper, and OVN receives none of its frames',
  async (t) => {
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
        ['a gratuitous announcement', 'phys', ['local', 'patch', 'side'], announce],
        [
          'a broadcast from the host',
          'local',
          ['phys', 'side'],
          segment({ dst: BROADCAST, src: MAC }, host, 'udp', 67),
        ],
        [
          'a broadcast from it',
          'side',
          ['phys', 'local'],
          segment({ dst: BROADCAST, src: SIDE_MAC }, side, 'udp', 67),
        ],
        ['a segment from the host to it', 'local', ['side'], segment(fromHost, host, 'tcp', 22)],
        [
          'a segment from it to a port of the range of the host',
          'side',
          ['local'],
          segment(fromSide, side, 'tcp', 63_333),
        ],
        [
          'a segment from outside to a port of the range of it',
          'phys',
          ['side'],
          segment({ dst: SIDE_MAC, src: ROUTER_MAC }, { src: OUTSIDE[f], dst: NEIGHBOUR[f] }, 'tcp', 63_333),
        ],
        [
          'a segment from it to the outside',
          'side',
          ['phys'],
          segment({ dst: ROUTER_MAC, src: SIDE_MAC }, side, 'tcp', 80),
        ],
      ];
      await check(t, wire, rows, ['phys', 'local', 'patch', 'side'], f);
    }
  },
);
