import test from 'ava';
import { type PacketFields, readFrame } from '../../src/demux/packet_fields.js';
import { type LinkAddresses, tupleFrame } from '../../src/explain/tuple_frame.js';
import { UsageError } from '../../src/net/errors.js';
import { parseMac } from '../../src/net/mac.js';
import { extend, formatMatch, term } from '../../src/openflow/match.js';
import { GATEWAY, MAC } from '../demux/sample.js';

const DEFAULT: LinkAddresses = { dst: undefined, src: undefined };
const TO_GATEWAY = `vlan_tci=0x0000,dl_src=02:00:00:00:00:01,dl_dst=${MAC}`;

function read(words: string, isFromPhys = true, link = DEFAULT) {
  return readFrame(tupleFrame(words.split(' '), GATEWAY, isFromPhys, link));
}

function format(fields: PacketFields): string {
  return formatMatch(extend([], ...[...fields].map(([name, value]) => term(name, value))));
}

for (const [words, match] of [
  [
    'tcp 198.51.100.1:40000 203.0.113.10:30080',
    `tcp,${TO_GATEWAY},nw_src=198.51.100.1,nw_dst=203.0.113.10,nw_frag=no,tp_src=40000,tp_dst=30080`,
  ],
  [
    'udp [2001:db8::1]:53 [2001:db8::10]:61000',
    `udp6,${TO_GATEWAY},ipv6_src=2001:db8::1,ipv6_dst=2001:db8::10,nw_frag=no,tp_src=53,tp_dst=61000`,
  ],
  [
    'sctp 198.51.100.1:1 203.0.113.10:2',
    `sctp,${TO_GATEWAY},nw_src=198.51.100.1,nw_dst=203.0.113.10,nw_frag=no,tp_src=1,tp_dst=2`,
  ],
  [
    'icmp 198.51.100.1 203.0.113.10',
    `icmp,${TO_GATEWAY},nw_src=198.51.100.1,nw_dst=203.0.113.10,nw_frag=no,icmp_type=8,icmp_code=0`,
  ],
  [
    'icmp/1/4 2001:db8::1 [2001:db8::10]',
    `icmp6,${TO_GATEWAY},ipv6_src=2001:db8::1,ipv6_dst=2001:db8::10,nw_frag=no,icmp_type=1,icmp_code=4`,
  ],
  [
    '47 198.51.100.1 203.0.113.10',
    `dl_type=0x800,nw_proto=47,${TO_GATEWAY},nw_src=198.51.100.1,nw_dst=203.0.113.10,nw_frag=no`,
  ],
] as const)
  test(`${words} is a sound frame with exactly these fields`, (t) => {
    const { fields, malformed, cut } = read(words);
    t.false(malformed);
    t.false(cut);
    t.is(format(fields), match);
  });

test('a frame from the host or OVN has the gateway’s MAC as its source', (t) => {
  const { fields } = read('tcp 203.0.113.10:40000 198.51.100.1:80', false);
  t.regex(format(fields), new RegExp(`dl_src=${MAC},dl_dst=02:00:00:00:00:01`));
});

test('given MACs replace the defaults', (t) => {
  const link = { dst: parseMac('02:00:00:00:00:07'), src: parseMac('02:00:00:00:00:08') };
  const { fields } = read('tcp 203.0.113.10:40000 198.51.100.1:80', true, link);
  t.regex(format(fields), /dl_src=02:00:00:00:00:08,dl_dst=02:00:00:00:00:07/);
});

for (const [words, message] of [
  ['tcp', /^give a packet as PROTOCOL/],
  ['tcp 198.51.100.1:1 203.0.113.10:2 more', /^give a packet as PROTOCOL/],
  ['tcp 198.51.100.1 203.0.113.10:2', /^tcp needs ports/],
  ['tcp 198.51.100.1:1 203.0.113.10', /^tcp needs ports/],
  ['tcp 198.51.100.1:65536 203.0.113.10:2', /port above 65535/],
  ['tcp 198.51.100.1:1 [2001:db8::10]:2', /are of different families/],
  ['tcp 198.51.100:1 203.0.113.10:2', /^198.51.100:1 is not ADDRESS/],
  ['http 198.51.100.1:1 203.0.113.10:2', /^http is not tcp/],
  ['256 198.51.100.1 203.0.113.10', /^256 is not tcp/],
  ['icmp/256 198.51.100.1 203.0.113.10', /^icmp\/256 is not icmp/],
  ['icmpx 198.51.100.1 203.0.113.10', /^icmpx is not icmp/],
] as const)
  test(`"${words}" is refused`, (t) => {
    t.throws(() => read(words), { instanceOf: UsageError, message });
  });
