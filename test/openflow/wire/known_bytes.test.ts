import test from 'ava';
import { formatActions, parseActions } from '../../../src/openflow/actions.js';
import { OUR_COOKIES } from '../../../src/openflow/cookie.js';
import { flow, splitKey } from '../../../src/openflow/flow.js';
import type { Match } from '../../../src/openflow/match.js';
import { formatMatch, parseMatch } from '../../../src/openflow/match.js';
import { writePortNewsOnly } from '../../../src/openflow/wire/async_config.js';
import { beginBundleAdd, Control, writeBundleControl } from '../../../src/openflow/wire/bundle.js';
import { writeFlowAdd, writeFlowDelete } from '../../../src/openflow/wire/flow_mod.js';
import { writeFlowMonitorRequest } from '../../../src/openflow/wire/flow_monitor.js';
import { readFlowStats, writeFlowStatsRequest } from '../../../src/openflow/wire/flow_stats.js';
import { writeHello } from '../../../src/openflow/wire/hello.js';
import { type Message, MessageSplitter, OFP10, OFP14 } from '../../../src/openflow/wire/message.js';
import { readReply } from '../../../src/openflow/wire/multipart.js';
import { readPorts, writeNoFlood, writePortsRequest } from '../../../src/openflow/wire/ports.js';
import { WireReader } from '../../../src/openflow/wire/reader.js';
import { writeConfig } from '../../../src/openflow/wire/switch_config.js';
import { WireWriter } from '../../../src/openflow/wire/writer.js';
import { port } from '../../demux/sample.js';

/** The messages that `ovs-ofctl` of OVS 3.1 sent on a bridge's socket. */
const OFCTL = {
  hello: '05000010000000010001000800000020',
  open: '05210010000000070000000000000003',
  commit: '05210010000000090000000000040003',
  deleteStrict:
    '05220070000000030000000000000003050e0060000000036b38090000000001ffffffffffffffff000400000000003cffffffffffffffffffffffff000000000001002d80000a0286dd800014013a80003a018780003c010080003e1020010db8000000000000000000000010000000',
} as const;

/** Flows as they are printed, and the match and instructions that `ovs-ofctl` sent for them. */
const FLOWS: readonly (readonly [key: string, actions: string, bytes: string])[] = [
  [
    'table=0,priority=60,ct_state=+est+trk,tcp,reg0=0x5,in_port=1,vlan_tci=0x0000/0x1fff,dl_src=00:00:00:00:00:01,dl_dst=0a:58:cb:00:71:0a,nw_src=10.0.0.0/8,nw_dst=203.0.113.10,nw_frag=not_later,tp_src=53,tp_dst=0xee48/0xfff8',
    'output:2,LOCAL',
    '0001006d800000040000000180000806000000000001800006060a58cb00710a80000a02080080000c020000800017080a000000ff00000080001804cb00710a000135020002800014010680001a02003580001d04ee48fff800010004000000050001d308000000220000002200000000040028000000000000001000000002000000000000000000000010fffffffe0000000000000000',
  ],
  [
    'table=1,priority=60,arp,arp_spa=1.2.3.4,arp_tpa=1.2.3.5,arp_op=1,arp_sha=00:00:00:00:00:09',
    'set_field:0x7->reg0,resubmit(,2),NORMAL',
    '0001002a80000a02080680002a02000180002c040102030480002e040102030580003006000000000009000000000000000400380000000000190010000100040000000700000000ffff001000002320000efff80200000000000010fffffffa0000000000000000',
  ],
  [
    'table=1,priority=60,sctp6,ipv6_src=2001:db8::/32,tp_dst=9',
    'ct(commit,zone=64000),ct(table=1,zone=64000)',
    '0001003980000a0286dd8000352020010db8000000000000000000000000ffffffff0000000000000000000000008000140184800024020009000000000000000004003800000000ffff0018000023200023000100000000fa00ff0000000000ffff0018000023200023000000000000fa00010000000000',
  ],
];

/** The switch's reply to a request for our flows, with two of the flows above. */
const STATS =
  '0513017000000005000100000000000000c800000000000017f60880003c000000000000000000006b38090000000001000000000000000700000000000001ea0001006d800000040000000180000806000000000001800006060a58cb00710a80000a02080080000c020000800017080a000000ff00000080001804cb00710a000135020002800014010680001a02003580001d04ee48fff800010004000000050001d308000000220000002200000000040028000000000000001000000002000000000000000000000010fffffffe0000000000000000009801000000000017f60880003c000000000000000000006b38090000000001000000000000000000000000000000000001002a80000a02080680002a02000180002c040102030480002e040102030580003006000000000009000000000000000400380000000000190010000100040000000700000000ffff001000002320000efff80200000000000010fffffffa0000000000000000';

/** The ports of a bridge in OpenFlow 1.0: 1, LOCAL, and 2, which has "no flood". */
const PORTS =
  '0111009c00000005000d00000001aa55aa55000e70320000000000000000000000000000000000000000000000000000000000000000000000000000fffeee368065c443627230000000000000000000000000000000001000000000000000000000000000000000000000000002aa55aa55001070310000000000000000000000000000000000100000000000000000000000000000000000000000';

function hex(write: (out: WireWriter) => void, version: typeof OFP10 | typeof OFP14 = OFP14): string {
  const out = new WireWriter(version);
  write(out);
  return out.bytes.toString('hex');
}

function matchOf(key: string): Match {
  return parseMatch(splitKey(key).where) ?? [];
}

function made(key: string, actions: string) {
  const { table, priority } = splitKey(key);
  const parts = { table, priority, match: matchOf(key), actions: parseActions(actions) ?? [] };
  return flow(parts, () => 0x6b38090000000001n);
}

function only(bytes: string): Message {
  const found: Message[] = [];
  new MessageSplitter().push(Buffer.from(bytes, 'hex'), (message) => found.push(message));
  const [first] = found;
  if (first === undefined || found.length > 1) throw new Error(`${found.length} messages`);
  return first;
}

/** Returns the TLVs of a match in one order, with OVS's VID as our TCI. */
function tlvs(bytes: string): string[] {
  const reader = new WireReader(Buffer.from(bytes, 'hex'));
  const found: string[] = [];
  reader.skip(2);
  const all = reader.part(reader.u16() - 4);
  while (all.remaining > 0) {
    const header = all.u32();
    found.push(`${header.toString(16).padStart(8, '0')} ${all.part(header & 0xff).hex()}`);
  }
  return found.map((tlv) => (tlv === '80000c02 0000' ? '00000904 00001fff' : tlv)).toSorted();
}

/** Returns the octets after the match, which is padded to eight octets. */
function instructions(bytes: string): string {
  const length = Number.parseInt(bytes.slice(4, 8), 16);
  return bytes.slice(2 * (length + (-length & 7)));
}

test('our messages are those of ovs-ofctl', (t) => {
  t.is(
    hex((out) => writeHello(out, 1)),
    OFCTL.hello,
  );
  t.is(
    hex((out) => writeBundleControl(out, 7, 0, Control.open)),
    OFCTL.open,
  );
  t.is(
    hex((out) => writeBundleControl(out, 9, 0, Control.commit)),
    OFCTL.commit,
  );
  const key = 'table=0,priority=60,icmp6,icmp_type=135,icmp_code=0,nd_target=2001:db8::10';
  const removal = hex((out) => {
    const start = beginBundleAdd(out, 3, 0);
    writeFlowDelete(out, 3, { key, cookie: 0x6b38090000000001n });
    out.end(start);
  });
  t.is(removal, OFCTL.deleteStrict);
});

for (const [key, actions, bytes] of FLOWS) {
  test(`${key} actions=${actions} is written with the TLVs and actions that ovs-ofctl writes`, (t) => {
    const one = made(key, actions);
    t.is(one.text, `${key} actions=${actions}`, 'the flow is in our own form');
    const message = hex((out) => writeFlowAdd(out, 5, one));
    const ours = message.slice(2 * 48);
    t.deepEqual(tlvs(ours), tlvs(bytes));
    t.is(instructions(ours), instructions(bytes));
  });
}

test('the flows of a reply are read with their counters', (t) => {
  const reply = readReply(only(STATS));
  t.like(reply, { part: 1, more: false });
  if (reply === undefined) return;
  const cookie = 0x6b38090000000001n;
  const [first, second] = FLOWS.map(([key, actions]) => ({ cookie, key, text: `${key} actions=${actions}` }));
  t.deepEqual(readFlowStats(reply.body, new Map()), [
    { ...first, packets: 7n, bytes: 490n },
    { ...second, packets: 0n, bytes: 0n },
  ] as ReturnType<typeof readFlowStats>);
});

test('the ports of a bridge are read, and "no flood" is set on one of them', (t) => {
  const reply = readReply(only(PORTS));
  if (reply === undefined) return t.fail();
  const ports = readPorts(reply);
  t.deepEqual(
    ports.map(({ port: number, noFlood }) => [Number(number), noFlood]),
    [
      [1, false],
      [0xfffe, true],
      [2, true],
    ],
  );
  t.is(ports[0]?.address, 0xaa55aa55000en);
  const change = { port: port(2), address: 0xaa55aa550010n, noFlood: false };
  t.is(
    hex((out) => writeNoFlood(out, 7, change, true), OFP10),
    '010f0020000000070002aa55aa55001000000010000000100000000000000000',
  );
});

test('requests have the bytes that the specification gives them', (t) => {
  t.is(
    hex((out) => writeFlowStatsRequest(out, 5, OUR_COOKIES)),
    `05120038000000050001000000000000${'ff000000ffffffffffffffff00000000'}6b38000000000000ffff0000000000000001000400000000`,
  );
  t.is(
    hex((out) => writeFlowMonitorRequest(out, 5)),
    '05120028000000050010000000000000' + '00000001ffffffffffffffff000eff000001000400000000',
  );
  t.is(
    hex((out) => writeFlowMonitorRequest(out, 5), OFP10),
    '0110002800000005ffff0000000023200000000200000000' + '00000001000effff0000ff0000000000',
  );
  t.is(
    hex((out) => writePortsRequest(out, 5), OFP10),
    '0110000c00000005000d0000',
  );
  t.is(
    hex((out) => writeConfig(out, 6, { fragments: 'nx-match', missSendLength: 0 }), OFP10),
    '0109000c0000000600030000',
  );
  t.is(
    hex((out) => writePortNewsOnly(out, 4)),
    `051c003800000004${['0000', '0001'].map((type) => `${type}000800000000`).join('')}${['0002', '0003'].map((type) => `${type}000800000007`).join('')}${['0004', '0005'].map((type) => `${type}000800000000`).join('')}`,
  );
});

test('the matches and actions of the flows above survive parsing and printing', (t) => {
  for (const [key, actions] of FLOWS) {
    t.is(formatMatch(matchOf(key)), splitKey(key).where);
    t.is(formatActions(parseActions(actions) ?? []), actions);
  }
});
