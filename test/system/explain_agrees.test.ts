import type { ExecutionContext } from 'ava';
import { labTest } from '../../lab/lab_test.js';
import { IP, MAC, OTHER_MAC, OUTSIDE, ROUTER_MAC, Wire } from '../../lab/wire.js';
import type { PacketClass } from '../../src/demux/classes.js';
import { FlowTables, type Verdict } from '../../src/demux/lookup.js';
import { type NamedRole, portOf } from '../../src/demux/port_role.js';
import { parseState } from '../../src/demux/state_json.js';
import { demuxFlows } from '../../src/demux/table.js';
import { readTrace } from '../../src/explain/trace.js';
import { linkLocalOf } from '../../src/net/mac.js';
import { CT_STATES, trackedAs } from '../../src/openflow/ct_state.js';
import { formatPort } from '../../src/openflow/ofport.js';
import { fieldsOf } from '../demux/packet.js';

/** The expected class of a packet, the port that it comes in by, and the packet as `ovs-ofctl` writes a match. */
type Case = readonly [name: PacketClass, from: NamedRole, packet: string];

const LINK_LOCAL = linkLocalOf(MAC);
const BROADCAST = 'ff:ff:ff:ff:ff:ff';

function cases(f: 4 | 6): Case[] {
  const [us, outside] = [IP[f], OUTSIDE[f]];
  const v6 = f === 6;
  const [src, dst] = v6 ? ['ipv6_src', 'ipv6_dst'] : ['nw_src', 'nw_dst'];
  const l4 = (protocol: string) => `${protocol}${v6 ? '6' : ''}`;
  const icmp = v6 ? 'icmp6' : 'icmp';
  const toUs = `dl_src=${ROUTER_MAC},dl_dst=${MAC},${src}=${outside},${dst}=${us}`;
  const fromUs = `dl_src=${MAC},dl_dst=${ROUTER_MAC},${src}=${us},${dst}=${outside}`;
  return [
    ['tunnel', 'phys', `${l4('udp')},${toUs},tp_src=5000,tp_dst=6081`],
    ['tunnel', 'phys', `${l4('tcp')},${toUs},tp_src=5000,tp_dst=7471`],
    ['tunnel', 'local', `${l4('udp')},${fromUs},tp_src=5000,tp_dst=6081`],
    ['echo-request', 'phys', `${icmp},${toUs},icmp_type=${v6 ? 128 : 8},icmp_code=0`],
    ['icmp', 'phys', `${icmp},${toUs},icmp_type=${v6 ? 129 : 0},icmp_code=0`],
    ['icmp', 'phys', `${icmp},${toUs},icmp_type=${v6 ? 1 : 3},icmp_code=0`],
    ['fragment', 'phys', `${l4('udp')},${toUs},nw_frag=later`],
    ['management', 'phys', `${l4('tcp')},${toUs},tp_src=5000,tp_dst=22`],
    ['management', 'phys', `${l4('sctp')},${toUs},tp_src=5000,tp_dst=22`],
    ['management', 'phys', `${l4('tcp')},${toUs},nw_frag=first,tp_src=0,tp_dst=0`],
    ['management', 'phys', `${v6 ? 'ipv6' : 'ip'},${toUs},nw_proto=47`],
    ['pod-out', 'patch', `${l4('tcp')},${fromUs},tp_src=61234,tp_dst=80`],
    [
      'pod-drop',
      'patch',
      `${l4('tcp')},${fromUs.replace(us, v6 ? 'fd00::9' : '10.244.1.9')},tp_src=1,tp_dst=80`,
    ],
    ['host-out', 'local', `${l4('tcp')},${fromUs},tp_src=40000,tp_dst=80`],
    ['other', 'phys', `${l4('tcp')},${toUs.replace(MAC, OTHER_MAC)},tp_src=5000,tp_dst=22`],
    [
      'broadcast',
      'phys',
      `${l4('udp')},${toUs.replace(MAC, v6 ? '33:33:00:00:00:01' : BROADCAST)},tp_src=68,tp_dst=67`,
    ],
    ...(v6 ? neighbours6() : neighbours4()),
  ];
}

function neighbours4(): Case[] {
  const [us, outside] = [IP[4], OUTSIDE[4]];
  return [
    [
      'neighbour-request',
      'phys',
      `arp,dl_src=${ROUTER_MAC},dl_dst=${BROADCAST},arp_spa=${outside},arp_tpa=${us},arp_op=1,arp_sha=${ROUTER_MAC}`,
    ],
    [
      'neighbour-reply',
      'phys',
      `arp,dl_src=${ROUTER_MAC},dl_dst=${MAC},arp_spa=${outside},arp_tpa=${us},arp_op=2,arp_sha=${ROUTER_MAC}`,
    ],
    [
      'neighbour-reply',
      'phys',
      `arp,dl_src=${ROUTER_MAC},dl_dst=${BROADCAST},arp_spa=${outside},arp_tpa=${outside},arp_op=1,arp_sha=${ROUTER_MAC}`,
    ],
    [
      'pod-out',
      'patch',
      `arp,dl_src=${MAC},dl_dst=${BROADCAST},arp_spa=${us},arp_tpa=${outside},arp_op=1,arp_sha=${MAC}`,
    ],
    [
      'pod-drop',
      'patch',
      `arp,dl_src=${MAC},dl_dst=${BROADCAST},arp_spa=${us},arp_tpa=${us},arp_op=1,arp_sha=${MAC}`,
    ],
  ];
}

function neighbours6(): Case[] {
  const [us, outside] = [IP[6], OUTSIDE[6]];
  const group = '33:33:ff:00:00:10';
  return [
    [
      'neighbour-request',
      'phys',
      `icmp6,dl_src=${ROUTER_MAC},dl_dst=${group},ipv6_src=${outside},ipv6_dst=ff02::1:ff00:10,icmp_type=135,icmp_code=0,nd_target=${us}`,
    ],
    [
      'neighbour-reply',
      'phys',
      `icmp6,dl_src=${ROUTER_MAC},dl_dst=${MAC},ipv6_src=${outside},ipv6_dst=${us},icmp_type=136,icmp_code=0,nd_target=${outside}`,
    ],
    [
      'pod-out',
      'patch',
      `icmp6,dl_src=${MAC},dl_dst=${group},ipv6_src=${LINK_LOCAL},ipv6_dst=ff02::1:ff00:1,icmp_type=135,icmp_code=0,nd_target=${outside}`,
    ],
    [
      'pod-drop',
      'patch',
      `icmp6,dl_src=${MAC},dl_dst=33:33:00:00:00:01,ipv6_src=${us},ipv6_dst=ff02::1,icmp_type=136,icmp_code=0,nd_target=${us}`,
    ],
  ];
}

labTest("port-range: a packet without ports is a pod's if only pods have sent to its sender", async (t) => {
  const wire = await Wire.start();
  t.teardown(() => wire.dispose());
  await wire.startHelper('--demux=port-range');
  const state = parseState(await wire.helper('state/show'));
  const tables = new FlowTables(demuxFlows(state));
  for (const f of [4, 6] as const) {
    const [src, dst] = f === 6 ? ['ipv6_src', 'ipv6_dst'] : ['nw_src', 'nw_dst'];
    const link = `in_port=${state.phys},dl_src=${ROUTER_MAC},dl_dst=${MAC}`;
    const text = `${f === 6 ? 'ipv6' : 'ip'},${link},${src}=${OUTSIDE[f]},${dst}=${IP[f]},nw_proto=47`;
    for (const ct of CT_STATES) {
      const predicted = tables.lookup(fieldsOf(text), trackedAs(ct));
      const { class: name, output } = readTrace('breth0', await trace(wire, text, ct));
      t.deepEqual([name, output], [predicted.class, predicted.output], `${text} ct ${ct}`);
      t.is(predicted.class, ct === 'est' ? 'pod-return' : 'management', `${text} ct ${ct}`);
    }
  }
});

for (const mode of ['port-range', 'conntrack'] as const) {
  labTest(`${mode}: the switch and the lookup agree on every class, in both families`, async (t) => {
    const wire = await Wire.start();
    t.teardown(() => wire.dispose());
    await wire.startHelper(`--demux=${mode}`);
    const state = parseState(await wire.helper('state/show'));
    const tables = new FlowTables(demuxFlows(state));
    for (const f of [4, 6] as const) {
      const returns: Case = [
        'pod-return',
        'phys',
        `${f === 6 ? 'tcp6' : 'tcp'},dl_src=${ROUTER_MAC},dl_dst=${MAC},${f === 6 ? 'ipv6_src' : 'nw_src'}=${OUTSIDE[f]},${f === 6 ? 'ipv6_dst' : 'nw_dst'}=${IP[f]},tp_src=80,tp_dst=61234`,
      ];
      const all = [...cases(f), returns];
      const priorityTagged = all.map(([name, from, packet]): Case => [name, from, `dl_vlan=0,${packet}`]);
      for (const [name, from, packet] of [...all, ...priorityTagged]) {
        const inPort = portOf(from, state);
        if (inPort === undefined) throw new Error(`the bridge has no port ${from}`);
        const text = `in_port=${formatPort(inPort)},${packet}`;
        for (const ct of mode === 'conntrack' ? CT_STATES : (['new'] as const)) {
          const predicted = tables.lookup(fieldsOf(text), trackedAs(ct));
          const traced = readTrace('breth0', await trace(wire, text, ct));
          const sorted = ({ class: name, output }: Pick<Verdict, 'class' | 'output'>) => ({
            class: name,
            output: output.map(String).toSorted(),
          });
          t.deepEqual(sorted(predicted), sorted(traced), `${text} ct ${ct}`);
          if (name !== 'pod-return' || mode === 'port-range')
            expectClass(t, name, predicted.class, mode, ct, text);
          else t.is(predicted.class, ct === 'new' ? 'management' : 'pod-return', text);
        }
      }
    }
  });
}

/** In conntrack mode an established packet to IP belongs to a pod, whatever its port, if it is not too short for one. */
function expectClass(
  t: ExecutionContext,
  name: PacketClass,
  predicted: PacketClass | undefined,
  mode: string,
  ct: string,
  text: string,
): void {
  const isShort = text.includes('nw_frag=first');
  const isTracked = mode === 'conntrack' && name === 'management' && ct !== 'new' && !isShort;
  t.is(predicted, isTracked ? 'pod-return' : name, text);
}

/** Traces a packet. `ofproto/trace` accepts fields only by their full names (ovs-fields(7)). */
function trace(wire: Wire, text: string, ct: string): Promise<string> {
  const [, protocol = ''] = /,(tcp|udp|sctp)6?,/.exec(text) ?? [];
  const named = text.replaceAll('tp_', `${protocol}_`);
  const packet = text.includes('icmp6,') ? named.replaceAll('icmp_', 'icmpv6_') : named;
  return wire.host.appctl('ofproto/trace', 'breth0', packet, '--ct-next', `trk,${ct}`);
}
