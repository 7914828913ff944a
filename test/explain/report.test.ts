import test from 'ava';
import { Classifier } from '../../src/demux/classifier.js';
import { frameExplainer } from '../../src/explain/explanation.js';
import { countsJson, explanationJson, formatCounts, formatExplanation } from '../../src/explain/report.js';
import { tupleFrame } from '../../src/explain/tuple_frame.js';
import { LOCAL } from '../../src/openflow/ofport.js';
import { GATEWAY } from '../demux/sample.js';

const FRAME = tupleFrame(['tcp', '198.51.100.1:40000', '203.0.113.10:22'], GATEWAY, true, {
  dst: undefined,
  src: undefined,
});
const EXPLAIN = frameExplainer(GATEWAY, 'phys', 'new');
const EXPLANATION = EXPLAIN(1, FRAME, FRAME.length);
const AGREED = { trace: { class: 'management', output: [LOCAL] }, agrees: true } as const;

test('the text names the packet, the flow, the outputs and the answer of the switch', (t) => {
  t.deepEqual(formatExplanation(EXPLANATION, GATEWAY, AGREED).split('\n'), [
    '1: management',
    '  packet  tcp,dl_src=02:00:00:00:00:01,dl_dst=0a:58:cb:00:71:0a,nw_src=198.51.100.1,nw_dst=203.0.113.10,tp_src=40000,tp_dst=22',
    '  flow    table=0,priority=53,tcp,in_port=1,vlan_tci=0x0000/0x1fff,dl_dst=0a:58:cb:00:71:0a,nw_dst=203.0.113.10 actions=LOCAL',
    '  output  local',
    '  switch  agrees',
    '',
  ]);
});

test('a switch that does something else is reported with its class and outputs', (t) => {
  const text = (trace: typeof AGREED.trace | { class: undefined; output: [] }) =>
    formatExplanation(EXPLANATION, GATEWAY, { trace, agrees: false });
  t.regex(text(AGREED.trace), /^ {2}switch {2}DOES NOT AGREE: management, to local$/m);
  t.regex(
    text({ class: undefined, output: [] }),
    /DOES NOT AGREE: a flow that is not the helper’s, dropped$/m,
  );
});

test('a truncated packet has no output line, a malformed one is marked', (t) => {
  const cut = formatExplanation(EXPLAIN(2, FRAME.subarray(0, 20), FRAME.length), GATEWAY);
  t.regex(cut, /^2: truncated\n/);
  t.regex(cut, /^ {2}flow {4}the capture holds too little of the packet$/m);
  t.notRegex(cut, /output/);
  const short = FRAME.subarray(0, 30);
  t.regex(formatExplanation(EXPLAIN(3, short, short.length), GATEWAY), /^ {2}packet .* \(malformed\)$/m);
});

test('the JSON has four facts, and a fifth after a verification', (t) => {
  t.deepEqual(JSON.parse(explanationJson(EXPLANATION)), {
    packet: 1,
    class: 'management',
    flow: EXPLANATION.flow,
    output: ['local'],
  });
  t.is(JSON.parse(explanationJson(EXPLANATION, { ...AGREED, agrees: false })).agrees, false);
});

test('the counts have a row for each class, and the malformed packets', (t) => {
  const classifier = new Classifier(GATEWAY);
  const batch = { frames: FRAME, offsets: Uint32Array.of(0), lengths: Uint32Array.of(FRAME.length) };
  classifier.classify(batch, 'phys', new Uint8Array(1));
  t.regex(formatCounts(classifier), /^management +1 +54$/m);
  t.regex(formatCounts(classifier), /^truncated +0 +0\n$/m);
  t.deepEqual(JSON.parse(countsJson(classifier)).management, { packets: 1, bytes: FRAME.length });
  classifier.classify({ ...batch, lengths: Uint32Array.of(30) }, 'phys', new Uint8Array(1));
  t.regex(formatCounts(classifier), /^1 of these packets are malformed\n$/m);
});
