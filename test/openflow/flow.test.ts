import test from 'ava';
import fc from 'fast-check';
import { demuxFlows } from '../../src/demux/table.js';
import { formatActions, parseActions } from '../../src/openflow/actions.js';
import { FIELD_NAMES, formatValue, fullMask, parseValue } from '../../src/openflow/fields.js';
import { parseDumpedFlow } from '../../src/openflow/flow.js';
import { formatMatch, parseMatch } from '../../src/openflow/match.js';
import { CONNTRACK, GATEWAY } from '../demux/sample.js';

const maskable = FIELD_NAMES.filter((name) => !['in_port', 'ct_state', 'nw_frag'].includes(name));

test('a printed field is parsed back to the same value and mask', (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(
        fc.constantFrom(...maskable),
        fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }),
        fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }),
        (name, anyValue, anyMask) => {
          const mask = anyMask & fullMask(name);
          const value = anyValue & mask;
          const read = parseValue(name, formatValue(name, value, mask));
          return read?.value === value && read.mask === mask;
        },
      ),
    ),
  );
});

test('every match and action list of the demultiplexer survives printing and parsing', (t) => {
  const states = [GATEWAY, { ...GATEWAY, demux: CONNTRACK, otherPorts: true }];
  for (const flow of states.flatMap(demuxFlows)) {
    t.deepEqual(parseMatch(formatMatch(flow.match)), flow.match);
    t.deepEqual(parseActions(formatActions(flow.actions)), flow.actions);
  }
});

test('a dumped flow is brought into our own form', (t) => {
  const line =
    ' cookie=0x6b3809000ec27a5b, duration=5.1s, table=0, n_packets=7, n_bytes=490, idle_age=3, priority=60,tcp,in_port=1,vlan_tci=0x0000/0x1fff,nw_dst=203.0.113.10,tp_dst=0xee48/0xfff8 actions=output:2,LOCAL';
  t.deepEqual(parseDumpedFlow(line), {
    cookie: 0x6b3809000ec27a5bn,
    key: 'table=0,priority=60,tcp,in_port=1,vlan_tci=0x0000/0x1fff,nw_dst=203.0.113.10,tp_dst=0xee48/0xfff8',
    text: 'table=0,priority=60,tcp,in_port=1,vlan_tci=0x0000/0x1fff,nw_dst=203.0.113.10,tp_dst=0xee48/0xfff8 actions=output:2,LOCAL',
    packets: 7n,
    bytes: 490n,
  });
});

test('a flow without a match or a priority is parsed', (t) => {
  const flow = parseDumpedFlow(
    ' cookie=0x0, duration=0.020s, table=0, n_packets=1, n_bytes=90, priority=0 actions=NORMAL',
  );
  t.is(flow?.key, 'table=0,priority=0');
  t.is(flow?.text, 'table=0,priority=0 actions=NORMAL');
  const bare = parseDumpedFlow(
    ' cookie=0x0, duration=0.020s, table=0, n_packets=1, n_bytes=90, actions=drop',
  );
  t.is(bare?.key, 'table=0,priority=32768');
});

test('a flow that another program altered keeps the text of the switch, and so differs from ours', (t) => {
  const line =
    ' cookie=0x6b38090000000001, duration=1s, table=0, n_packets=0, n_bytes=0, priority=60,tcp actions=mod_vlan_vid:3,output:2';
  t.is(parseDumpedFlow(line)?.text, 'table=0,priority=60,tcp actions=mod_vlan_vid:3,output:2');
});

test('the flags of a flow are skipped before its match', (t) => {
  const line = (flags: string, match: string) =>
    ` cookie=0x7, duration=1.2s, table=0, n_packets=0, n_bytes=0, ${flags}${match} actions=drop`;
  const keyOf = (text: string) => parseDumpedFlow(text)?.key;
  t.is(keyOf(line('reset_counts ', 'priority=9,tcp,tp_dst=9')), 'table=0,priority=9,tcp,tp_dst=9');
  t.is(keyOf(line('send_flow_rem reset_counts ', 'tcp')), 'table=0,priority=32768,tcp');
  t.is(keyOf(line('reset_counts', '')), 'table=0,priority=32768');
});

test('lines that are not flows are skipped', (t) => {
  for (const line of ['', 'OFPST_FLOW reply (OF1.4) (xid=0x2):', 'garbage'])
    t.is(parseDumpedFlow(line), undefined);
});

test('actions that the product never writes are not parsed', (t) => {
  for (const text of [
    'output:2,mod_nw_ttl:3',
    'ct(commit,zone=64000,nat)',
    'ct(zone=NXM_NX_REG0[])',
    'output:0',
    'LOCAL:2',
  ]) {
    t.is(parseActions(text), undefined, text);
  }
});
