import test from 'ava';
import fc from 'fast-check';
import { arp, nd } from '../../lab/frames.js';
import { arpAnnouncements, arpRequest } from '../../src/neighbour/arp.js';
import { decodeMessage } from '../../src/neighbour/decode.js';
import { ADVERTISEMENT_LENGTH, advertisements, solicitation } from '../../src/neighbour/discovery.js';
import type { NeighbourMessage } from '../../src/neighbour/message.js';
import { type IpAddress, ipOfBytes, isIpv4, isIpv6, parseIp } from '../../src/net/ip.js';
import { type MacAddress, parseMac } from '../../src/net/mac.js';

const MAC = parseMac('02:00:00:00:00:01');
const OTHER = parseMac('02:00:00:00:00:02');
const TAIL = Buffer.alloc(8);
const [A, B] = [parseIp('203.0.113.1'), parseIp('203.0.113.2')];
const [A6, B6] = [parseIp('2001:db8::1'), parseIp('2001:db8::2')];
const [UNSPECIFIED, UNSPECIFIED6] = [parseIp('0.0.0.0'), parseIp('::')];

const link = { dst: MAC, src: OTHER };
const READ: readonly (readonly [string, Buffer, NeighbourMessage | undefined])[] = [
  [
    'an ARP request',
    arp(link, 1, OTHER, A, B, TAIL),
    { kind: 'request', family: 4, target: B, sender: A, mac: OTHER },
  ],
  [
    'an ARP probe',
    arp(link, 1, OTHER, UNSPECIFIED, B, TAIL),
    { kind: 'request', family: 4, target: B, sender: undefined, mac: OTHER },
  ],
  [
    'an ARP announcement',
    arp(link, 1, OTHER, A, A, TAIL),
    { kind: 'advertisement', family: 4, target: A, sender: A, mac: OTHER },
  ],
  [
    'an ARP reply',
    arp(link, 2, OTHER, A, B, TAIL),
    { kind: 'advertisement', family: 4, target: A, sender: A, mac: OTHER },
  ],
  ['an ARP reply without a sender', arp(link, 2, OTHER, UNSPECIFIED, B, TAIL), undefined],
  [
    'a solicitation',
    nd(link, { src: A6, dst: B6 }, 135, B6, TAIL),
    { kind: 'request', family: 6, target: B6, sender: A6, mac: OTHER },
  ],
  [
    'a solicitation of duplicate address detection',
    nd(link, { src: UNSPECIFIED6, dst: B6 }, 135, B6, TAIL),
    { kind: 'request', family: 6, target: B6, sender: undefined, mac: OTHER },
  ],
  [
    'an advertisement',
    nd(link, { src: A6, dst: B6 }, 136, A6, TAIL),
    { kind: 'advertisement', family: 6, target: A6, sender: A6, mac: OTHER },
  ],
  [
    'an advertisement of a multicast address',
    nd(link, { src: A6, dst: B6 }, 136, parseIp('ff02::1'), TAIL),
    undefined,
  ],
];

for (const [name, frame, message] of READ) {
  test(`${name} is parsed`, (t) => t.deepEqual(decodeMessage(frame), message));
}

const DAMAGED: readonly (readonly [string, Buffer, number, number])[] = [
  ['ARP of another hardware type', arp(link, 1, OTHER, A, B, TAIL), 15, 6],
  ['ARP of another protocol', arp(link, 1, OTHER, A, B, TAIL), 16, 0x86],
  ['ARP with other lengths', arp(link, 1, OTHER, A, B, TAIL), 18, 8],
  ['ARP of another operation', arp(link, 1, OTHER, A, B, TAIL), 21, 3],
  ['ARP from a group MAC', arp(link, 1, OTHER, A, B, TAIL), 22, 0xff],
  ['discovery that was routed', nd(link, { src: A6, dst: B6 }, 136, A6, TAIL), 21, 254],
  ['discovery with a wrong checksum', nd(link, { src: A6, dst: B6 }, 136, A6, TAIL), 56, 0x12],
  ['discovery with an option of length 0', nd(link, { src: A6, dst: B6 }, 136, A6, TAIL), 79, 0],
];

for (const [name, frame, at, octet] of DAMAGED) {
  test(`${name} is not parsed`, (t) => {
    t.not(decodeMessage(frame), undefined);
    frame[at] = octet;
    t.is(decodeMessage(frame), undefined);
  });
}

const mac = fc
  .uint8Array({ minLength: 6, maxLength: 6 })
  .map((bytes) => parseMac([...bytes].map((one) => (one & 0xfe).toString(16).padStart(2, '0')).join(':')));
const ipv4 = fc.uint8Array({ minLength: 4, maxLength: 4 }).map((bytes) => ipOfBytes([...bytes]));
const ipv6 = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map((bytes) => ipOfBytes([0x20, ...bytes.slice(1)]));
const isSpecified = (ip: IpAddress) => ip !== UNSPECIFIED;

test('every frame that is built is parsed to what it was built from', (t) => {
  const reads = (
    frame: Uint8Array,
    family: 4 | 6,
    kind: NeighbourMessage['kind'],
    target: IpAddress,
    sender: IpAddress | undefined,
    from: MacAddress,
  ) => t.deepEqual(decodeMessage(frame), { kind, family, target, sender, mac: from });
  fc.assert(
    fc.property(mac, ipv4.filter(isSpecified), ipv4, (from, sender, target) => {
      fc.pre(sender !== target);
      if (!isIpv4(sender) || !isIpv4(target)) return;
      reads(arpRequest(from, sender, target), 4, 'request', target, sender, from);
      reads(arpRequest(from, undefined, sender), 4, 'request', sender, undefined, from);
      reads(arpAnnouncements(from, [sender]), 4, 'advertisement', sender, sender, from);
    }),
  );
  fc.assert(
    fc.property(mac, ipv6, ipv6, (from, sender, target) => {
      if (!isIpv6(sender) || !isIpv6(target)) return;
      reads(solicitation(from, sender, target), 6, 'request', target, sender, from);
      reads(solicitation(from, undefined, target), 6, 'request', target, undefined, from);
      const frames = advertisements(from, [sender, target]);
      reads(frames.subarray(0, ADVERTISEMENT_LENGTH), 6, 'advertisement', sender, sender, from);
      reads(frames.subarray(ADVERTISEMENT_LENGTH), 6, 'advertisement', target, target, from);
    }),
  );
});

test('a frame that is cut short is not parsed, and no bytes throw', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 192 }), fc.constantFrom(0x0806, 0x86dd), (bytes, type) => {
      if (bytes.length >= 14) bytes.set([type >> 8, type & 0xff], 12);
      t.notThrows(() => decodeMessage(bytes));
    }),
  );
  for (const [, frame] of READ) {
    for (let length = 0; length < 42; length++) t.is(decodeMessage(frame.subarray(0, length)), undefined);
  }
});
