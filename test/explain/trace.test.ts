import test from 'ava';
import { demuxFlows } from '../../src/demux/table.js';
import { readTrace, traceFrame } from '../../src/explain/trace.js';
import { formatCookie } from '../../src/openflow/cookie.js';
import { LOCAL } from '../../src/openflow/ofport.js';
import { GATEWAY, PATCH } from '../demux/sample.js';

const cookieOf = (match: RegExp) =>
  formatCookie(demuxFlows(GATEWAY).find(({ text }) => match.test(text))?.cookie ?? 0n);
const POD_RETURN = cookieOf(/tcp,.*tp_dst=0xf000/);
const NEIGHBOUR_REPLY = cookieOf(/arp,.*,dl_dst=0a:.*arp_op=2/);

/** The output of `ofproto/trace` (OVS 3.1) for one flow of breth0 and its actions. */
const traced = (cookie: string, ...actions: readonly string[]) =>
  `Flow: tcp,in_port=1

bridge("breth0")
----------------
 0. tcp,in_port=1, priority 60, cookie ${cookie}
${actions.map((action) => `    ${action}\n`).join('')}
Final flow: unchanged
Megaflow: recirc_id=0,eth,tcp,in_port=1
Datapath actions: 2
`;

test('the class comes from the cookie, the outputs from the actions', (t) => {
  t.deepEqual(readTrace('breth0', traced(POD_RETURN, 'output:2')), {
    class: 'pod-return',
    output: [PATCH],
  });
  t.deepEqual(readTrace('breth0', traced(NEIGHBOUR_REPLY, 'LOCAL', 'output:2')).output, [LOCAL, PATCH]);
  t.deepEqual(readTrace('breth0', traced(POD_RETURN, 'drop')).output, []);
  t.deepEqual(readTrace('breth0', traced(POD_RETURN, 'NORMAL', ' -> forwarding to learned port')).output, [
    'NORMAL',
  ]);
});

test("an output to the packet's input port does not count", (t) => {
  const text = traced(POD_RETURN, 'output:1', ' >> skipping output to input port', 'output:2');
  t.deepEqual(readTrace('breth0', text).output, [PATCH]);
});

test('a foreign flow has no class', (t) => {
  t.is(readTrace('breth0', traced('0x9', 'output:2')).class, undefined);
  t.is(readTrace('breth0', 'Flow: tcp,in_port=1\n').class, undefined);
});

test('flows of other bridges behind a patch port are left out', (t) => {
  const text = `${traced(POD_RETURN, 'output:2')}
bridge("br-int")
----------------
 0. in_port=5, priority 100, cookie ${NEIGHBOUR_REPLY}
    output:7
`;
  t.deepEqual(readTrace('breth0', text), { class: 'pod-return', output: [PATCH] });
  t.deepEqual(readTrace('br-int', text).class, 'neighbour-reply');
});

test('the last table that the packet enters decides', (t) => {
  const text = traced(POD_RETURN, 'ct(table=1,zone=64000)').replace(
    '\nFinal',
    `
bridge("breth0")
----------------
 1. in_port=1, priority 50, cookie ${NEIGHBOUR_REPLY}
    LOCAL

Final`,
  );
  t.deepEqual(readTrace('breth0', text), { class: 'neighbour-reply', output: [LOCAL] });
});

test('a frame without an Ethernet header is refused before the switch is asked', async (t) => {
  const target = { bridge: 'breth0', rundir: '/nonexistent', timeoutMs: 100 };
  await t.throwsAsync(traceFrame(target, PATCH, Buffer.alloc(13), 13, 'new'), { code: 'ERR_TRACE' });
});
