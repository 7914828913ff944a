import test from 'ava';
import type { NamedRole } from '../../src/demux/port_role.js';
import { agrees, frameExplainer, inPortOf } from '../../src/explain/explanation.js';
import { tupleFrame } from '../../src/explain/tuple_frame.js';
import { LOCAL } from '../../src/openflow/ofport.js';
import { CONNTRACK, GATEWAY, PATCH, PHYS } from '../demux/sample.js';

const LINK = { dst: undefined, src: undefined };
const TO_HOST = ['tcp', '198.51.100.1:40000', '203.0.113.10:22'];

function explain(words: readonly string[], from: NamedRole = 'phys', state = GATEWAY) {
  const frame = tupleFrame(words, state, from === 'phys', LINK);
  return frameExplainer(state, from, 'est')(1, frame, frame.length);
}

test('an explanation has the class, the flow, and the roles of the outputs', (t) => {
  t.like(explain(TO_HOST), { number: 1, class: 'management', output: ['local'], isMalformed: false });
  t.regex(explain(TO_HOST).flow ?? '', /^table=0,priority=53,.* actions=LOCAL$/);
  t.like(explain(['icmp/3/1', '198.51.100.1', '203.0.113.10']), { output: ['local', 'patch'] });
  t.like(explain(['tcp', '192.0.2.1:1', '192.0.2.2:2'], 'patch'), { class: 'pod-drop', output: [] });
});

test('in conntrack mode the state of the connection decides', (t) => {
  t.is(explain(TO_HOST, 'phys', { ...GATEWAY, demux: CONNTRACK }).class, 'pod-return');
});

test('a packet that the capture cut has no flow and no output', (t) => {
  const frame = tupleFrame(TO_HOST, GATEWAY, true, LINK);
  t.like(frameExplainer(GATEWAY, 'phys', 'new')(7, frame.subarray(0, 20), frame.length), {
    number: 7,
    class: 'truncated',
    flow: null,
    output: [],
  });
});

test('a port that the bridge lacks is an error that names it', (t) => {
  t.is(inPortOf(GATEWAY, 'phys'), PHYS);
  t.throws(() => inPortOf({ ...GATEWAY, patch: undefined }, 'patch'), {
    code: 'ERR_NO_PORT',
    message: 'breth0 has no port for --in=patch now',
  });
});

test('the switch agrees if class and outputs are the same, in any order', (t) => {
  const explanation = explain(['icmp/3/1', '198.51.100.1', '203.0.113.10']);
  t.true(agrees(explanation, { class: 'icmp', output: [PATCH, LOCAL] }, GATEWAY));
  t.false(agrees(explanation, { class: 'icmp', output: [LOCAL] }, GATEWAY));
  t.false(agrees(explanation, { class: 'management', output: [LOCAL, PATCH] }, GATEWAY));
  t.false(agrees(explanation, { class: undefined, output: [LOCAL, PATCH] }, GATEWAY));
});
