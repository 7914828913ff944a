import test from 'ava';
import { FlowTables } from '../../src/demux/lookup.js';
import type { GatewayState } from '../../src/demux/state.js';
import { demuxFlows } from '../../src/demux/table.js';
import { type CtState, trackedAs } from '../../src/openflow/ct_state.js';
import { LOCAL } from '../../src/openflow/ofport.js';
import { fieldsOf } from './packet.js';
import { CONNTRACK, GATEWAY, IP4, MAC, PATCH, PHYS } from './sample.js';

function lookup(state: GatewayState, text: string, ctState?: bigint) {
  return new FlowTables(demuxFlows(state)).lookup(fieldsOf(text), ctState);
}

const TO_IP = `tcp,in_port=1,dl_dst=${MAC},nw_src=198.51.100.1,nw_dst=${IP4},tp_src=443`;
const ARP_TO_ALL = 'arp,in_port=1,dl_dst=ff:ff:ff:ff:ff:ff,arp_op=1';

test('the flow with the highest priority decides, and is named', (t) => {
  t.like(lookup(GATEWAY, `${TO_IP},tp_dst=61001`), { class: 'pod-return', output: [PATCH] });
  const verdict = lookup(GATEWAY, `${TO_IP},tp_dst=22`);
  t.like(verdict, { class: 'management', output: [LOCAL] });
  t.is(
    verdict.flow,
    `table=0,priority=53,tcp,in_port=1,vlan_tci=0x0000/0x1fff,dl_dst=${MAC},nw_dst=${IP4} actions=LOCAL`,
  );
});

test('a packet never leaves by its input port', (t) => {
  const flows = demuxFlows(GATEWAY).map((flow) => ({
    ...flow,
    actions: [
      { kind: 'output', port: PHYS },
      { kind: 'output', port: PATCH },
    ] as const,
  }));
  t.deepEqual(new FlowTables(flows).lookup(fieldsOf('in_port=1')).output, [PATCH]);
});

test('without any flow that matches, a packet has no class and no output', (t) => {
  t.deepEqual(new FlowTables([]).lookup(fieldsOf('in_port=1')), {
    class: undefined,
    flow: undefined,
    output: [],
  });
});

test('connection tracking decides after the packet passed through the zone', (t) => {
  const state = { ...GATEWAY, demux: CONNTRACK };
  const of = (ct: CtState) => lookup(state, `${TO_IP},tp_dst=22`, trackedAs(ct)).class;
  t.is(of('new'), 'management');
  t.is(of('est'), 'pod-return');
  t.is(of('rel'), 'pod-return');
});

test("with a range a tracked reply of GRE is a pod's, and advertisements of VRRP are always the host's", (t) => {
  const of = (protocol: number, more = '') =>
    lookup(
      GATEWAY,
      `ip,in_port=1,dl_dst=${MAC},nw_src=198.51.100.1,nw_dst=${IP4},nw_proto=${protocol}${more}`,
      trackedAs('est'),
    ).class;
  t.is(of(47), 'pod-return');
  t.is(of(112), 'management');
});

test('a broadcast ARP request is an announcement only if all 32 bits of its addresses are equal', (t) => {
  const of = (spa: string, tpa: string) =>
    lookup(GATEWAY, `${ARP_TO_ALL},arp_spa=${spa},arp_tpa=${tpa}`).class;
  t.is(of('203.0.113.7', '203.0.113.7'), 'neighbour-reply');
  t.is(of('255.255.255.255', '255.255.255.255'), 'neighbour-reply');
  t.is(of('0.0.0.0', '0.0.0.0'), 'neighbour-reply');
  t.is(of('203.0.113.7', '203.0.113.6'), 'broadcast');
  t.is(of('203.0.113.7', '75.0.113.7'), 'broadcast');
  t.is(of('203.0.113.7', IP4), 'neighbour-request');
});
