import test from 'ava';
import { CLASSES, classOfId } from '../../src/demux/classes.js';
import { FlowTables } from '../../src/demux/lookup.js';
import type { GatewayState } from '../../src/demux/state.js';
import { demuxFlows } from '../../src/demux/table.js';
import { parseCidr } from '../../src/net/cidr.js';
import { parseIp } from '../../src/net/ip.js';
import { classIdOf } from '../../src/openflow/cookie.js';
import type { Flow } from '../../src/openflow/flow.js';
import { LOCAL } from '../../src/openflow/ofport.js';
import { GOLDEN_STATES } from './golden.js';
import { fieldsOf } from './packet.js';
import { CONNTRACK, GATEWAY, IP4, IP6, MAC, PATCH, PHYS } from './sample.js';

/** Every golden state in either mode. */
const STATES = new Map<string, GatewayState>(
  [...GOLDEN_STATES].flatMap(([name, state]) => [
    [name, state],
    [`${name}, conntrack`, { ...state, demux: CONNTRACK }],
  ]),
);

/** Whether a packet exists that both flows match. */
function overlap(a: Flow, b: Flow): boolean {
  return a.match.every(({ field, value, mask }) => {
    const other = b.match.find((one) => one.field === field);
    return other === undefined || ((value ^ other.value) & mask & other.mask) === 0n;
  });
}

for (const [name, state] of STATES)
  test(`no packet matches two flows of one priority with different actions: ${name}`, (t) => {
    // The switch may take either of two such flows.
    const flows = demuxFlows(state);
    const actionsOf = (flow: Flow) => flow.text.slice(flow.key.length);
    const pairs = flows.flatMap((a, i) =>
      flows
        .slice(i + 1)
        .filter((b) => a.table === b.table && a.priority === b.priority && actionsOf(a) !== actionsOf(b))
        .filter((b) => overlap(a, b))
        .map((b) => `${a.text} and ${b.text}`),
    );
    t.deepEqual(pairs, []);
  });

test('the table stands in order of precedence, and has a row for every class', (t) => {
  for (const demux of [GATEWAY.demux, CONNTRACK]) {
    const rows = demuxFlows({ ...GATEWAY, demux, nodePorts: [{ protocol: 'tcp', port: 30_080 }] });
    const priorities = rows.filter(({ table }) => table === 0).map(({ priority }) => priority);
    t.deepEqual(
      priorities,
      priorities.toSorted((a, b) => b - a),
    );
    const classes = new Set(rows.map(({ cookie }) => classOfId(classIdOf(cookie))));
    t.deepEqual(
      CLASSES.filter((name) => !classes.has(name)),
      // No address is served here.
      ['external'],
    );
  }
});

test('a served address that host and gateway router share adds no flow', (t) => {
  t.deepEqual(demuxFlows({ ...GATEWAY, served: GATEWAY.addresses }), demuxFlows(GATEWAY));
});

/** Returns the outputs of a packet from PHYS to MAC, and its class. */
function verdict(state: GatewayState, packet: string) {
  const { class: name, output } = new FlowTables(demuxFlows(state)).lookup(
    fieldsOf(`in_port=1,dl_dst=${MAC},${packet}`),
  );
  return [name, ...output];
}

test('a port with sources is for them only, in each family, and all others are dropped', (t) => {
  const sources = ['192.0.2.0/24'].map(parseCidr);
  const address = parseIp('198.51.100.80');
  const state: GatewayState = {
    ...GATEWAY,
    served: [address],
    restricted: [{ address, protocol: 'tcp', port: 443, sources }],
    nodePorts: [{ protocol: 'tcp', port: 30_080, sources }],
  };
  for (const [name, dst, port] of [
    ['node-port', IP4, 30_080],
    ['external', address, 443],
  ] as const) {
    const from = (src: string, more = '') =>
      verdict(state, `tcp,nw_src=${src},nw_dst=${dst},tp_dst=${port}${more}`);
    t.deepEqual(from('192.0.2.9'), [name, PATCH]);
    t.deepEqual(from('192.0.3.9'), [name]);
    t.deepEqual(from('192.0.3.9', ',nw_frag=first'), [name], 'its first fragment');
  }
  t.deepEqual(verdict(state, `tcp6,ipv6_src=2001:db8::7,ipv6_dst=${IP6},tp_dst=30080`), ['node-port']);
  // Later fragments have no ports. OVN never has the first one, so nothing comes of them.
  t.deepEqual(verdict(state, `tcp,nw_src=192.0.3.9,nw_dst=${IP4},nw_frag=later`), ['fragment', LOCAL, PATCH]);
  t.deepEqual(verdict(state, `tcp,nw_src=192.0.3.9,nw_dst=${address},tp_dst=80`), ['external', PATCH]);
});

test('a first fragment that is too short to have ports does not reach a served address', (t) => {
  const served = ['203.0.113.80', '2001:db8::80'].map(parseIp);
  const restricted = served.map((address) => ({ address, protocol: 'tcp' as const, port: 80, sources: [] }));
  const state: GatewayState = { ...GATEWAY, served, restricted };
  const first = 'nw_frag=first,tp_src=0,tp_dst=0';
  t.deepEqual(verdict(state, `tcp,nw_dst=203.0.113.80,${first}`), ['management', LOCAL]);
  t.deepEqual(verdict(state, `sctp6,ipv6_dst=2001:db8::80,${first}`), ['management', LOCAL]);
  t.deepEqual(verdict(state, 'tcp,nw_dst=203.0.113.80,nw_frag=first,tp_dst=81'), ['external', PATCH]);
  t.deepEqual(verdict(state, 'tcp,nw_dst=203.0.113.80,nw_frag=later'), ['external', PATCH]);
});

test('an address that the host and the gateway router begin to share keeps no restricted port', (t) => {
  const state: GatewayState = {
    ...GATEWAY,
    served: [parseIp(IP4)],
    restricted: [{ address: parseIp(IP4), protocol: 'tcp', port: 22, sources: [] }],
  };
  t.deepEqual(verdict(state, `tcp,nw_dst=${IP4},tp_dst=22`), ['management', LOCAL]);
});

test('a node port at some addresses is only there', (t) => {
  const state: GatewayState = { ...GATEWAY, nodePorts: [{ protocol: 'tcp', port: 30_080, at: [IP4] }] };
  t.deepEqual(verdict(state, `tcp,nw_dst=${IP4},tp_dst=30080`), ['node-port', PATCH]);
  t.deepEqual(verdict(state, `tcp6,ipv6_dst=${IP6},tp_dst=30080`), ['management', LOCAL]);
});

test('an address that another host answers for brings its traffic to OVN, which claims it nowhere', (t) => {
  const [v4, v6] = ['198.51.100.80', '2001:db8:1::80'].map(parseIp);
  const state: GatewayState = {
    ...GATEWAY,
    served: [v4, v6].filter((ip) => ip !== undefined),
    answersServed: false,
  };
  const tables = new FlowTables(demuxFlows(state));
  const outcome = (packet: string) => {
    const { class: name, output } = tables.lookup(fieldsOf(packet));
    return [name, ...output];
  };
  const all = 'dl_dst=ff:ff:ff:ff:ff:ff';
  t.deepEqual(outcome(`in_port=1,tcp,dl_dst=${MAC},nw_dst=${v4},tp_dst=80`), ['external', PATCH]);
  t.deepEqual(outcome(`in_port=1,arp,${all},arp_op=1,arp_spa=192.0.2.1,arp_tpa=${v4}`), ['broadcast', LOCAL]);
  t.deepEqual(outcome(`in_port=LOCAL,tcp,nw_dst=${v4},tp_dst=80`), ['host-out', PHYS]);
  t.deepEqual(outcome(`in_port=2,tcp,dl_src=${MAC},nw_src=${v4},tp_dst=80`), ['pod-out', PHYS]);
  t.deepEqual(outcome(`in_port=2,tcp6,dl_src=${MAC},ipv6_src=${v6},tp_dst=80`), ['pod-out', PHYS]);
  for (const claim of [
    `arp,dl_src=${MAC},arp_op=2,arp_spa=${v4},arp_sha=${MAC}`,
    `arp,dl_src=${MAC},arp_op=1,arp_spa=${v4},arp_tpa=${v4},arp_sha=${MAC}`,
    `icmp6,dl_src=${MAC},ipv6_src=${v6},icmp_type=136,nd_target=${v6}`,
    `icmp6,dl_src=${MAC},ipv6_src=${IP6},icmp_type=136,nd_target=${v6}`,
    `icmp6,dl_src=${MAC},ipv6_src=${v6},icmp_type=135,nd_target=2001:db8::1`,
  ])
    t.deepEqual(outcome(`in_port=2,${claim}`), ['pod-drop'], claim);
});

test('without the patch port its classes have no flow', (t) => {
  const flows = demuxFlows({ ...GATEWAY, patch: undefined, nodePorts: [{ protocol: 'tcp', port: 30_080 }] });
  const classes = new Set(flows.map(({ cookie }) => classOfId(classIdOf(cookie))));
  for (const name of ['node-port', 'pod-return', 'pod-out', 'pod-drop'] as const)
    t.false(classes.has(name), name);
  t.true(classes.has('management'));
});
