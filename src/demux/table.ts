import { type IpAddress, isLinkLocal } from '../net/ip.js';
import { linkLocalOf } from '../net/mac.js';
import type { Action } from '../openflow/actions.js';
import type { Flow } from '../openflow/flow.js';
import { term } from '../openflow/match.js';
import { LOCAL } from '../openflow/ofport.js';
import { ANNOUNCEMENT_TABLE, announcement } from './announcement.js';
import { rule, sentBy, steer } from './rule.js';
import type { GatewayState, NodePort } from './state.js';

/** Where connections that pods opened are tracked in `conntrack` mode, as the original had it. */
export const POD_ZONE = 64000;
/** Where `conntrack` mode decides on a packet that has been through the zone. */
const TRACKED_TABLE = 1;

const GENEVE_PORT = 6081;
const STT_PORT = 7471;
/** Echo request: RFC 792, RFC 4443 section 4.1. */
const ECHO_REQUEST = { v4: [8], v6: [128] };
/** Echo reply and the errors that quote a packet: RFC 792 and RFC 1122 section 3.2.2, RFC 4443 section 2.1. */
const ANSWERS = { v4: [0, 3, 4, 5, 11, 12], v6: [1, 2, 3, 4, 129] };

const NORMAL: Action = { kind: 'normal' };
const INTO_ZONE: Action = { kind: 'ct', zone: POD_ZONE, table: TRACKED_TABLE };
const COMMIT: Action = { kind: 'ct', zone: POD_ZONE, commit: true };
const ESTABLISHED = term('ct_state', 0x22, 0x22);
const RELATED = term('ct_state', 0x24, 0x24);

/**
 * Every flow of the gateway's bridge for `state`: the class table of the design, row by row.
 *
 * What is matched never depends on the order below; an earlier class has the higher priority.
 */
export function demuxFlows(state: GatewayState): Flow[] {
  const { mac, phys, patch, addresses, nodePorts } = state;
  const served = state.served.filter((ip) => !addresses.includes(ip));
  const toAll: Action = state.otherPorts ? NORMAL : { kind: 'output', port: LOCAL };
  const toPatch: Action[] = patch === undefined ? [] : [{ kind: 'output', port: patch }];
  const toUs = (name: Parameters<typeof rule>[0]) => rule(name).from(phys).toMac(mac);

  return [
    toUs('tunnel')
      .to(...addresses)
      .transport('udp', GENEVE_PORT)
      .output(LOCAL),
    toUs('tunnel')
      .to(...addresses)
      .transport('tcp', STT_PORT)
      .output(LOCAL),
    rule('tunnel')
      .from(LOCAL)
      .fromIp(...addresses)
      .transport('udp', GENEVE_PORT)
      .output(phys),
    rule('tunnel')
      .from(LOCAL)
      .fromIp(...addresses)
      .transport('tcp', STT_PORT)
      .output(phys),

    rule('neighbour-request').from(phys).arp({ op: 1, tpa: addresses }).output(LOCAL),
    rule('neighbour-request').from(phys).nd(135, addresses).output(LOCAL),
    rule('neighbour-request').from(phys).arp({ op: 1, tpa: served }).output(patch),
    rule('neighbour-request').from(phys).nd(135, served).output(patch),

    rule('neighbour-reply').from(phys).toMac(mac).arp({ op: 2 }).output(LOCAL, patch),
    rule('neighbour-reply').from(phys).toMac(mac).nd(136).output(LOCAL, patch),
    rule('neighbour-reply')
      .from(phys)
      .toGroup()
      .arp({ op: 2 })
      .do(toAll, ...toPatch),
    rule('neighbour-reply')
      .from(phys)
      .toGroup()
      .nd(136)
      .do(toAll, ...toPatch),
    steer('neighbour-reply')
      .from(phys)
      .toGroup()
      .arp({ op: 1 })
      .do({ kind: 'resubmit', table: ANNOUNCEMENT_TABLE }),
    announcement({ announced: [toAll, ...toPatch], otherwise: [toAll] }),

    toUs('echo-request')
      .to(...addresses)
      .icmp(ECHO_REQUEST)
      .output(LOCAL),

    toUs('fragment')
      .to(...addresses)
      .laterFragment()
      .output(LOCAL, patch),

    nodePorts.flatMap(nodePortFlows(state)),

    toUs('external')
      .to(...served)
      .output(patch),

    toUs('icmp')
      .to(...addresses)
      .icmp(ANSWERS)
      .output(LOCAL, patch),

    podReturn(state),

    toUs('management').output(LOCAL),

    rule('broadcast').from(phys).toGroup().do(toAll),

    rule('pod-drop')
      .ahead('pod-out')
      .from(patch)
      .arp({ spa: sentBy(addresses), tpa: addresses })
      .drop(),
    rule('pod-drop').ahead('pod-out').from(patch).toGroup().nd(136, addresses).drop(),
    podOut(state, served),

    rule('pod-drop').from(patch).anyTag().drop(),

    rule('host-out')
      .ahead('host-out')
      .from(LOCAL)
      .to(...served)
      .output(patch),
    rule('host-out').ahead('host-out').from(LOCAL).arp({ op: 1, tpa: served }).output(patch),
    rule('host-out').ahead('host-out').from(LOCAL).nd(135, served).output(patch),
    state.otherPorts ? rule('host-out').from(LOCAL).do(NORMAL) : rule('host-out').from(LOCAL).output(phys),

    rule('other').anyTag().do(NORMAL),
  ].flat();
}

/**
 * Row 6: the flows of one node port. Of this row alone there can be thousands of flows, so that a caller may want to
 * make those of a port once.
 */
export function nodePortFlows({
  mac,
  phys,
  patch,
  addresses,
}: Omit<GatewayState, 'nodePorts'>): (nodePort: NodePort) => Flow[] {
  const toUs = rule('node-port')
    .from(phys)
    .toMac(mac)
    .to(...addresses);
  return ({ protocol, port }) => toUs.transport(protocol, port).output(patch);
}

/** Row 9: what tells a pod's return traffic from the host's own. */
function podReturn({ mac, phys, patch, addresses, demux }: GatewayState): Flow[] {
  const toUs = rule('pod-return')
    .from(phys)
    .toMac(mac)
    .to(...addresses);
  if (demux.mode === 'port-range') {
    return (['tcp', 'udp', 'sctp'] as const).flatMap((protocol) =>
      toUs.transport(protocol, demux.range).output(patch),
    );
  }
  if (patch === undefined) return [];
  const tracked = rule('pod-return').inTable(TRACKED_TABLE).from(phys);
  return [
    steer('pod-return')
      .from(phys)
      .toMac(mac)
      .to(...addresses)
      .do(INTO_ZONE),
    tracked.where(ESTABLISHED).output(patch),
    tracked.where(RELATED).output(patch),
    rule('management').inTable(TRACKED_TABLE).from(phys).output(LOCAL),
  ].flat();
}

/** Row 12: what the gateway router may send under the host's MAC. */
function podOut({ mac, phys, patch, addresses, demux }: GatewayState, served: readonly IpAddress[]): Flow[] {
  if (phys === undefined) return [];
  const out = rule('pod-out').from(patch).fromMac(mac);
  const ahead = out.ahead('pod-out');
  const fromRouter = [...addresses, ...served];
  const toPhys: Action = { kind: 'output', port: phys };
  // Neighbour discovery and later fragments have no connection to commit.
  const untracked =
    demux.mode === 'port-range'
      ? []
      : [
          ahead
            .fromIp(...addresses.filter((ip) => ip.includes(':')))
            .nd(135)
            .do(toPhys),
          ahead
            .fromIp(...addresses.filter((ip) => ip.includes(':')))
            .nd(136)
            .do(toPhys),
          ahead
            .fromIp(...addresses)
            .laterFragment()
            .do(toPhys),
        ];
  const commit = demux.mode === 'conntrack' ? [COMMIT] : [];
  return [
    out.arp({ spa: sentBy(fromRouter), sha: mac }).do(toPhys),
    out.fromIp(linkLocalOf(mac)).nd(135).do(toPhys),
    out.fromIp(linkLocalOf(mac)).nd(136).do(toPhys),
    ...untracked,
    out.fromIp(...addresses).do(...commit, toPhys),
    out.fromIp(...served.filter((ip) => !isLinkLocal(ip))).do(toPhys),
  ].flat();
}
