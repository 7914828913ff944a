import test from 'ava';
import { readFrame } from '../../src/demux/packet_fields.js';
import { tupleFrame } from '../../src/explain/tuple_frame.js';
import { UsageError } from '../../src/net/errors.js';
import { parseMac } from '../../src/net/mac.js';
import { parseMatch } from '../../src/openflow/match.js';
import { GATEWAY, MAC } from '../demux/sample.js';

const USUAL = { dst: undefined, src: undefined };

function fieldsOf(words: string, isFromPhys = true, link: Parameters<typeof tupleFrame>[3] = USUAL) {
  return readFrame(tupleFrame(words.split(' '), GATEWAY, isFromPhys, link));
}

for (const [words, match] of [
  [
    'tcp 198.51.100.1:40000 203.0.113.10:30080',
    'tcp,nw_src=198.51.100.1,nw_dst=203.0.113.10,tp_src=40000,tp_dst=30080',
  ],
  [
    'udp [2001:db8::1]:53 [2001:db8::10]:61000',
    'udp6,ipv6_src=2001:db8::1,ipv6_dst=2001:db8::10,tp_src=53,tp_dst=61000',
  ],
  ['sctp 198.51.100.1:1 203.0.113.10:2', 'sctp,nw_src=198.51.100.1,nw_dst=203.0.113.10,tp_src=1,tp_dst=2'],
  ['icmp 198.51.100.1 203.0.113.10', 'icmp,nw_src=198.51.100.1,nw_dst=203.0.113.10,icmp_type=8,icmp_code=0'],
  [
    'icmp/1/4 2001:db8::1 [2001:db8::10]',
    'icmp6,ipv6_src=2001:db8::1,ipv6_dst=2001:db8::10,icmp_type=1,icmp_code=4',
  ],
  ['47 198.51.100.1 203.0.113.10', 'ip,nw_proto=47,nw_src=198.51.100.1,nw_dst=203.0.113.10'],
] as const) {
  test(`${words} is a sound frame of just that`, (t) => {
    const { fields, malformed, cut } = fieldsOf(words);
    t.false(malformed || cut);
    for (const { field, value } of parseMatch(match) ?? []) t.is(fields.get(field), value, field);
    t.is(fields.get('dl_dst'), BigInt(`0x${MAC.replaceAll(':', '')}`));
  });
}

test('what comes from inside has the gateway’s MAC as its source, and any can be given', (t) => {
  const words = 'tcp 203.0.113.10:40000 198.51.100.1:80';
  t.is(fieldsOf(words, false).fields.get('dl_src'), BigInt(`0x${MAC.replaceAll(':', '')}`));
  const link = { dst: parseMac('02:00:00:00:00:07'), src: parseMac('02:00:00:00:00:08') };
  const { fields } = fieldsOf(words, true, link);
  t.is(fields.get('dl_dst'), 0x020000000007n);
  t.is(fields.get('dl_src'), 0x020000000008n);
});

for (const words of [
  'tcp',
  'tcp 198.51.100.1:1 203.0.113.10:2 more',
  'tcp 198.51.100.1 203.0.113.10:2',
  'tcp 198.51.100.1:1 203.0.113.10',
  'tcp 198.51.100.1:65536 203.0.113.10:2',
  'tcp 198.51.100.1:1 [2001:db8::10]:2',
  'tcp 198.51.100:1 203.0.113.10:2',
  'http 198.51.100.1:1 203.0.113.10:2',
  '256 198.51.100.1 203.0.113.10',
  'icmp/256 198.51.100.1 203.0.113.10',
  'icmpx 198.51.100.1 203.0.113.10',
]) {
  test(`"${words}" is refused`, (t) => {
    t.throws(() => fieldsOf(words), { instanceOf: UsageError });
  });
}
