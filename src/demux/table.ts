import { type IpAddress, isLinkLocal } from '../net/ip.js';
import { linkLocalOf } from '../net/mac.js';
import type { Action } from '../openflow/actions.js';
import { trackedAs } from '../openflow/ct_state.js';
import type { Flow } from '../openflow/flow.js';
import { term } from '../openflow/match.js';
import { LOCAL } from '../openflow/ofport.js';
import { ANNOUNCEMENT_TABLE, announcement } from './announcement.js';
import { rule, sentBy, steer } from './rule.js';
import type { GatewayFrame, GatewayState, NodePort } from './state.js';

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
const ESTABLISHED = term('ct_state', trackedAs('est'), trackedAs('est'));
const RELATED = term('ct_state', trackedAs('rel'), trackedAs('rel'));

/**
 * Every flow of the gateway's bridge for `state`: the class table of the design, row by row.
 *
 * What is matched never depends on the order below; an earlier class has the higher priority.
 */
export function demuxFlows(state: GatewayState): Flow[] {
  const { mac, phys, patch, addresses } = state;
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

    [...state.nodePorts].flatMap(nodePortFlows(state)),

    [...state.served].flatMap(servedFlows(state)),

    toUs('icmp')
      .to(...addresses)
      .icmp(ANSWERS)
      .output(LOCAL, patch),

    podReturn(state),

    toUs('management').output(LOCAL),

    rule('broadcast').from(phys).toGroup().do(toAll),

    rule('pod-drop')
      .ahead('pod-out', 2)
      .from(patch)
      .arp({ spa: sentBy(addresses), tpa: addresses })
      .drop(),
    rule('pod-drop').ahead('pod-out', 2).from(patch).toGroup().nd(136, addresses).drop(),
    podOut(state),

    rule('pod-drop').from(patch).anyTag().drop(),

    state.otherPorts ? rule('host-out').from(LOCAL).do(NORMAL) : rule('host-out').from(LOCAL).output(phys),

    rule('other').anyTag().do(NORMAL),
  ].flat();
}

/** Row 6: the flows of one node port, which are nobody else's: of these there can be thousands. */
export function nodePortFlows({ mac, phys, patch, addresses }: GatewayFrame): (nodePort: NodePort) => Flow[] {
  const toUs = rule('node-port')
    .from(phys)
    .toMac(mac)
    .to(...addresses);
  return ({ protocol, port }) => toUs.transport(protocol, port).output(patch);
}

/**
 * Row 7, and what rows 2, 12 and 14 say of served addresses: the flows of one of them, which are nobody else's. One
 * that host and router share is served like any other port of theirs.
 */
export function servedFlows({ mac, phys, patch, addresses }: GatewayFrame): (address: IpAddress) => Flow[] {
  return (address) => {
    if (addresses.includes(address)) return [];
    const out = rule('pod-out').from(patch).fromMac(mac);
    const hostOut = rule('host-out').ahead('host-out').from(LOCAL);
    return [
      rule('neighbour-request')
        .from(phys)
        .arp({ op: 1, tpa: [address] })
        .output(patch),
      rule('neighbour-request').from(phys).nd(135, [address]).output(patch),

      rule('external').from(phys).toMac(mac).to(address).output(patch),

      out.arp({ spa: sentBy([address]), sha: mac }).output(phys),
      isLinkLocal(address) ? [] : out.fromIp(address).output(phys),

      hostOut.to(address).output(patch),
      hostOut.arp({ op: 1, tpa: [address] }).output(patch),
      hostOut.nd(135, [address]).output(patch),
    ].flat();
  };
}

/** Row 9: what tells a pod's return traffic from the host's own. */
function podReturn({ mac, phys, patch, addresses, demux }: GatewayFrame): Flow[] {
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
function podOut({ mac, phys, patch, addresses, demux }: GatewayFrame): Flow[] {
  if (phys === undefined) return [];
  const out = rule('pod-out').from(patch).fromMac(mac);
  const ahead = out.ahead('pod-out');
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
    out.arp({ spa: sentBy(addresses), sha: mac }).do(toPhys),
    out.fromIp(linkLocalOf(mac)).nd(135).do(toPhys),
    out.fromIp(linkLocalOf(mac)).nd(136).do(toPhys),
    ...untracked,
    out.fromIp(...addresses).do(...commit, toPhys),
  ].flat();
}
