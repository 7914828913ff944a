import test from 'ava';
import { demuxFlows } from '../../src/demux/table.js';
import { refusalOf } from '../../src/openflow/ofctl_refusal.js';
import { GATEWAY } from '../demux/sample.js';

const [REMOVED, ADDED] = demuxFlows(GATEWAY);
if (REMOVED === undefined || ADDED === undefined) throw new Error('a gateway has flows');
const BUNDLE = { add: [ADDED], remove: [REMOVED] };
const WHY = 'actions are invalid with specified match (OFPBAC_MATCH_INCONSISTENT)';

test('an error with a line number names the flow of that line of the input', (t) => {
  t.is(refusalOf(`ovs-ofctl: -:2: ${WHY}`, BUNDLE), `${ADDED.text}: ${WHY}`);
  t.true(refusalOf(`ovs-ofctl: -:1: ${WHY}`, BUNDLE)?.startsWith('delete_strict cookie='));
});

test('an error of the switch names the flow as ovs-ofctl prints it', (t) => {
  const printed = 'ADD priority=1,reg0=0x2 cookie:0x1 actions=drop';
  const stderr = [
    `Error OFPFMFC_TABLE_FULL for: OFPT_FLOW_MOD (OF1.4) (xid=0x4): ${printed}`,
    'Error OFPBFC_MSG_FAILED for: OFPT_BUNDLE_CONTROL (OF1.4) (xid=0x6):',
    'ovs-ofctl: talking to unix:br0.mgmt: bundle commit failed',
  ].join('\n');
  t.is(refusalOf(stderr, BUNDLE), `${printed}: OFPFMFC_TABLE_FULL`);
});

test('an error without a flow names none', (t) => {
  t.is(refusalOf('ovs-ofctl: br0 is not a bridge or a socket', BUNDLE), undefined);
  t.is(refusalOf(`ovs-ofctl: -:3: ${WHY}`, BUNDLE), undefined, 'the input has two lines');
});
