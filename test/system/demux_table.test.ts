import type { ExecutionContext } from 'ava';
import { arp, ethernet, icmp, laterFragment, nd, transport } from '../../lab/frames.js';
import { labTest } from '../../lab/lab_test.js';
import { IP, MAC, OTHER_MAC, OUTSIDE, type Place, ROUTER_MAC, Wire } from '../../lab/wire.js';
import { type IpAddress, parseIp } from '../../src/net/ip.js';
import { linkLocalOf, parseMac } from '../../src/net/mac.js';

type Family = 4 | 6;

/** A row of the class table: a frame, the port that it comes in by, and every port that it must come out of. */
interface Row {
  readonly title: string;
  readonly from: Place;
  readonly to: readonly Place[];
  readonly frame: (marker: Buffer) => Buffer;
}

const BROADCAST = parseMac('ff:ff:ff:ff:ff:ff');
const IN_RANGE = 61_005;
const NEIGHBOUR: Readonly<Record<Family, IpAddress>> = {
  4: parseIp('203.0.113.77'),
  6: parseIp('2001:db8::77'),
};
const LINK_LOCAL = linkLocalOf(MAC);
const ALL_NODES = parseIp('ff02::1');
const ALL_NODES_MAC = parseMac('33:33:00:00:00:01');

const toUs = { dst: MAC, src: ROUTER_MAC };
const fromUs = { dst: ROUTER_MAC, src: MAC };
const toAll = { dst: BROADCAST, src: ROUTER_MAC };
const fromUsToAll = { dst: BROADCAST, src: MAC };

/** Destination unreachable, of each family. The packet that it quotes does not matter. */
const ERROR: Readonly<Record<Family, number>> = { 4: 3, 6: 1 };
const ECHO_REQUEST: Readonly<Record<Family, number>> = { 4: 8, 6: 128 };
const ECHO_REPLY: Readonly<Record<Family, number>> = { 4: 0, 6: 129 };
const rest = (marker: Buffer) => Buffer.concat([Buffer.alloc(4), marker]);

/** Returns the rows of the class table that are the same in both modes. */
function rows(f: Family): Row[] {
  const inbound = { src: OUTSIDE[f], dst: IP[f] };
  const outbound = { src: IP[f], dst: OUTSIDE[f] };
  const segment =
    (link: typeof toUs, ip: typeof inbound, protocol: 'tcp' | 'udp' | 'sctp', src: number, dst: number) =>
    (m: Buffer) =>
      transport(link, ip, protocol, { src, dst }, m);
  return [
    row('tunnel: Geneve', 'phys', ['local'], segment(toUs, inbound, 'udp', IN_RANGE, 6081)),
    row('tunnel: STT', 'phys', ['local'], segment(toUs, inbound, 'tcp', IN_RANGE, 7471)),
    row('tunnel: Geneve of the host', 'local', ['phys'], segment(fromUs, outbound, 'udp', IN_RANGE, 6081)),
    row('tunnel: STT of the host', 'local', ['phys'], segment(fromUs, outbound, 'tcp', IN_RANGE, 7471)),
    row('echo-request to IP', 'phys', ['local'], (m) => icmp(toUs, inbound, ECHO_REQUEST[f], rest(m))),
    row('fragment: a later fragment to IP', 'phys', ['local', 'patch'], (m) =>
      laterFragment(toUs, inbound, m),
    ),
    row('icmp: an error to IP', 'phys', ['local', 'patch'], (m) => icmp(toUs, inbound, ERROR[f], rest(m))),
    row('icmp: an echo reply to IP', 'phys', ['local', 'patch'], (m) =>
      icmp(toUs, inbound, ECHO_REPLY[f], rest(m)),
    ),
    ...(['tcp', 'udp', 'sctp'] as const).flatMap((protocol): Row[] => [
      row(
        `management: ${protocol} to a port of the host`,
        'phys',
        ['local'],
        segment(toUs, inbound, protocol, IN_RANGE, 22),
      ),
      row(
        `pod-out: ${protocol} from IP`,
        'patch',
        ['phys'],
        segment(fromUs, outbound, protocol, 61_300, 443),
      ),
      row(`host-out: ${protocol}`, 'local', ['phys'], segment(fromUs, outbound, protocol, 40_000, 443)),
    ]),
    row(
      'management: to another address of the host',
      'phys',
      ['local'],
      segment(toUs, { src: OUTSIDE[f], dst: NEIGHBOUR[f] }, 'tcp', 80, IN_RANGE),
    ),
    row(
      'other: a frame to another MAC, whatever its port',
      'phys',
      ['local'],
      segment({ dst: OTHER_MAC, src: ROUTER_MAC }, inbound, 'tcp', 80, IN_RANGE),
    ),
    row('other: a tagged frame', 'phys', ['local'], (m) =>
      transport({ ...toUs, vlan: 100 }, inbound, 'tcp', { src: 80, dst: IN_RANGE }, m),
    ),
    row('broadcast: any datagram', 'phys', ['local'], segment(toAll, inbound, 'udp', 67, 68)),
    row(
      'pod-drop: a source that is not IP',
      'patch',
      [],
      segment(fromUs, { src: NEIGHBOUR[f], dst: OUTSIDE[f] }, 'tcp', 61_300, 443),
    ),
    row(
      'pod-drop: another MAC',
      'patch',
      [],
      segment({ dst: ROUTER_MAC, src: OTHER_MAC }, outbound, 'tcp', 61_300, 443),
    ),
    row('pod-drop: a tagged frame', 'patch', [], (m) =>
      transport({ ...fromUs, vlan: 100 }, outbound, 'tcp', { src: 61_300, dst: 443 }, m),
    ),
    row('pod-out: a later fragment', 'patch', ['phys'], (m) => laterFragment(fromUs, outbound, m)),
    ...(f === 4 ? arpRows() : ndRows()),
  ];
}

function arpRows(): Row[] {
  const asks = (target: IpAddress) => (m: Buffer) => arp(toAll, 1, ROUTER_MAC, OUTSIDE[4], target, m);
  const says = (sender: IpAddress, target: IpAddress) => (m: Buffer) =>
    arp(fromUsToAll, 1, MAC, sender, target, m);
  return [
    row('neighbour-request for IP', 'phys', ['local'], asks(IP[4])),
    row('broadcast: an ARP request for another host', 'phys', ['local'], asks(NEIGHBOUR[4])),
    row('neighbour-reply to MAC', 'phys', ['local', 'patch'], (m) =>
      arp(toUs, 2, ROUTER_MAC, OUTSIDE[4], IP[4], m),
    ),
    row('neighbour-reply: a gratuitous request', 'phys', ['local', 'patch'], asks(OUTSIDE[4])),
    row('neighbour-reply: a gratuitous reply', 'phys', ['local', 'patch'], (m) =>
      arp(toAll, 2, ROUTER_MAC, OUTSIDE[4], OUTSIDE[4], m),
    ),
    row('pod-out: an ARP request', 'patch', ['phys'], says(IP[4], OUTSIDE[4])),
    row('pod-drop: a gratuitous ARP for IP', 'patch', [], says(IP[4], IP[4])),
    row('pod-drop: an ARP request that names another sender', 'patch', [], says(NEIGHBOUR[4], OUTSIDE[4])),
    row('host-out: an ARP request', 'local', ['phys'], says(IP[4], OUTSIDE[4])),
  ];
}

function ndRows(): Row[] {
  const group = parseMac('33:33:ff:00:00:10');
  const solicited = { src: OUTSIDE[6], dst: parseIp('ff02::1:ff00:10') };
  const asks = (target: IpAddress) => (m: Buffer) =>
    nd({ dst: group, src: ROUTER_MAC }, solicited, 135, target, m);
  return [
    row('neighbour-request for IP', 'phys', ['local'], asks(IP[6])),
    row('broadcast: a solicitation for another host', 'phys', ['local'], asks(NEIGHBOUR[6])),
    row('neighbour-reply: an advertisement to MAC', 'phys', ['local', 'patch'], (m) =>
      nd(toUs, { src: OUTSIDE[6], dst: IP[6] }, 136, OUTSIDE[6], m),
    ),
    row('neighbour-reply: an unsolicited advertisement', 'phys', ['local', 'patch'], (m) =>
      nd({ dst: ALL_NODES_MAC, src: ROUTER_MAC }, { src: OUTSIDE[6], dst: ALL_NODES }, 136, OUTSIDE[6], m),
    ),
    row('pod-out: a solicitation from the link-local address of MAC', 'patch', ['phys'], (m) =>
      nd(fromUs, { src: LINK_LOCAL, dst: OUTSIDE[6] }, 135, OUTSIDE[6], m),
    ),
    row('pod-out: a solicitation from IP', 'patch', ['phys'], (m) =>
      nd(fromUs, { src: IP[6], dst: OUTSIDE[6] }, 135, OUTSIDE[6], m),
    ),
    row('pod-drop: a datagram from the link-local address of MAC', 'patch', [], (m) =>
      transport(fromUs, { src: LINK_LOCAL, dst: OUTSIDE[6] }, 'udp', { src: 1, dst: 1 }, m),
    ),
    row('pod-drop: an unsolicited advertisement of IP', 'patch', [], (m) =>
      nd({ dst: ALL_NODES_MAC, src: MAC }, { src: IP[6], dst: ALL_NODES }, 136, IP[6], m),
    ),
  ];
}

/** The tags of VLAN 0 that a frame gets besides none: with priority 3, and with priority 0. */
const PRIORITY_TAGS = ['81006000', '81000000'];

/** Returns the row for the same frames with a tag behind their MACs. A tag of VLAN 0 changes nothing. */
function tagged({ title, from, to, frame }: Row, tag: string): Row {
  const insert = (whole: Buffer) =>
    Buffer.concat([whole.subarray(0, 12), Buffer.from(tag, 'hex'), whole.subarray(12)]);
  return { title: `${title}, tag ${tag}`, from, to, frame: (m) => insert(frame(m)) };
}

function row(title: string, from: Place, to: readonly Place[], frame: Row['frame']): Row {
  return { title, from, to, frame };
}

async function check(t: ExecutionContext, wire: Wire, { title, from, to, frame }: Row): Promise<void> {
  const seen = await wire.send(from, frame);
  const wanted = { phys: 0, local: 0, patch: 0, ...Object.fromEntries(to.map((place) => [place, 1])) };
  t.deepEqual(seen, wanted, title);
}

/** Each channel carries the flows of one mode here; the tests of the channels show that both install the same flows. */
const CHANNEL = { 'port-range': 'openflow', conntrack: 'ofctl' } as const;

for (const mode of ['port-range', 'conntrack'] as const) {
  labTest(
    `${mode}: every frame comes out once by each port that the class table names, and by no other`,
    async (t) => {
      const wire = await Wire.start();
      t.teardown(() => wire.dispose());
      await wire.startHelper(`--demux=${mode}`, `--flow-channel=${CHANNEL[mode]}`);
      for (const f of [4, 6] as const) {
        for (const one of rows(f)) {
          await check(t, wire, one);
          for (const tag of PRIORITY_TAGS) await check(t, wire, tagged(one, tag));
        }
      }
      await check(
        t,
        wire,
        row('management: a frame that is not IP', 'phys', ['local'], (m) => ethernet(toUs, 0x88b5, m)),
      );
    },
  );

  labTest(`${mode}: replies to pods reach PATCH, and the host's own reach LOCAL`, async (t) => {
    const wire = await Wire.start();
    t.teardown(() => wire.dispose());
    await wire.startHelper(`--demux=${mode}`, `--flow-channel=${CHANNEL[mode]}`);
    for (const f of [4, 6] as const) {
      const [out, back] = [
        { src: IP[f], dst: OUTSIDE[f] },
        { src: OUTSIDE[f], dst: IP[f] },
      ];
      for (const protocol of ['tcp', 'udp'] as const) {
        const one = (from: Place, to: Place, src: number, dst: number) => {
          const [link, ip] = from === 'phys' ? [toUs, back] : [fromUs, out];
          const title = `${protocol} ${src} > ${dst} over IPv${f} from ${from}`;
          return row(title, from, [to], (m) =>
            transport(link, ip, protocol, { src, dst, answer: from === 'phys' }, m),
          );
        };
        await check(t, wire, one('patch', 'phys', 61_500, 443));
        await check(t, wire, one('phys', 'patch', 443, 61_500));
        await check(t, wire, one('patch', 'phys', 61_501, 443));
        await check(t, wire, tagged(one('phys', 'patch', 443, 61_501), '81006000'));
        await check(t, wire, one('local', 'phys', 40_500, 443));
        await check(t, wire, one('phys', 'local', 443, 40_500));
        await check(t, wire, tagged(one('phys', 'local', 443, 40_500), '81006000'));
      }
    }
  });
}
